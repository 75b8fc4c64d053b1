#!/usr/bin/env bash
# Installs, from Debian 12's own packages, what is missing to build and run trialgate.
#   install.sh run     what packaging/run.sh needs
#   install.sh test    that, and the peers and tools of packaging/test.sh
# Needs root or sudo, and only when a package is missing.
set -euo pipefail

fail() { echo "install: $*" >&2; exit 1; }

build_packages=(build-essential cmake ninja-build ccache pkg-config libboost1.81-dev libboost-json1.81-dev libdcmtk-dev liblmdb-dev
  libcli11-dev libcurl4-openssl-dev libkainjow-mustache-dev libopenjp2-7-dev libseccomp-dev libssl-dev libyaml-cpp-dev zlib1g-dev doctest-dev)
run_packages=(dcmtk python3)
test_packages=(clang libclang-rt-dev llvm dicom3tools libgdcm-tools orthanc orthanc-dicomweb openssl procps python3-aiosmtpd python3-jsonschema python3-numpy python3-pydicom python3-yaml)

case "${1:-}" in
  run) wanted=("${build_packages[@]}" "${run_packages[@]}") ;;
  test) wanted=("${build_packages[@]}" "${run_packages[@]}" "${test_packages[@]}") ;;
  *) fail "say what for: install.sh run, or install.sh test" ;;
esac

command -v dpkg-query >/dev/null || fail "this is not a Debian system; install by hand: ${wanted[*]}"

missing=()
for package in "${wanted[@]}"; do
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "install: everything needed is there"
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || fail "root is needed to install ${missing[*]}: run this as root, or install sudo"
  as_root=(sudo)
fi

# Debian starts a freshly installed Orthanc as a service; the tests start their own on free ports.
masked=
if [[ " ${missing[*]} " == *" orthanc "* ]] && [ -d /run/systemd/system ]; then
  "${as_root[@]}" systemctl mask --runtime --quiet orthanc.service && masked=yes
fi

echo "install: ${#missing[@]} packages are missing: ${missing[*]}"
"${as_root[@]}" apt-get -q update || fail "apt-get update failed; see the lines above"
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends "${missing[@]}" ||
  fail "apt-get could not install ${missing[*]}; see the lines above"
[ -z "$masked" ] || "${as_root[@]}" systemctl unmask --runtime --quiet orthanc.service
echo "install: done"
