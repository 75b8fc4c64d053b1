"""Certification authorities and certificates that exist for one test, made by the openssl program."""

import datetime
import os
import subprocess


def openssl(*arguments):
    """Runs `openssl ARGUMENTS`; its output. Errors: AssertionError with what it said."""
    done = subprocess.run(["openssl", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise AssertionError(f"openssl {' '.join(arguments)}: {done.stderr}")
    return done.stdout


def _date(days):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    return at.strftime("%Y%m%d%H%M%SZ")


class Certificate:
    """A certificate and its key, in PEM files."""

    def __init__(self, certificate, key):
        self.certificate, self.key = certificate, key

    def fingerprint(self):
        text = openssl("x509", "-in", self.certificate, "-noout", "-fingerprint", "-sha256")
        return text.split("=")[1].strip().replace(":", "").lower()


class Authority:
    """A certification authority in a folder of its own. `certificate`: its own one, `crl`: its revocation list."""

    def __init__(self, folder, name="Test CA"):
        self.folder = folder
        os.makedirs(os.path.join(folder, "issued"))
        self.certificate, self.crl = os.path.join(folder, "ca.pem"), os.path.join(folder, "crl.pem")
        self._key, self._config = os.path.join(folder, "ca.key"), os.path.join(folder, "ca.cnf")
        for file, content in (("index.txt", ""), ("serial", "1000\n"), ("crlnumber", "01\n")):
            with open(os.path.join(folder, file), "w") as out:
                out.write(content)
        with open(self._config, "w") as out:
            out.write(
                f"[ca]\ndefault_ca=this\n[this]\ndir={folder}\ndatabase={folder}/index.txt\nserial={folder}/serial\n"
                f"crlnumber={folder}/crlnumber\nnew_certs_dir={folder}/issued\ncertificate={self.certificate}\n"
                f"private_key={self._key}\ndefault_md=sha256\npolicy=any\nunique_subject=no\ncopy_extensions=copy\n"
                "[any]\ncommonName=supplied\n[req]\ndistinguished_name=name\n[name]\n"
                "[authority]\nbasicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash\n"
            )
        openssl(
            *("req", "-x509", "-config", self._config, "-extensions", "authority", "-newkey", "rsa:2048", "-nodes"),
            *("-keyout", self._key, "-out", self.certificate, "-days", "30", "-subj", f"/CN={name}"),
        )
        self.renew_list()

    def issue(self, name, alternatives="", days=(-1, 20), bits=2048):
        """A certificate for `name`, in force from and to so many days from now; `alternatives`: e.g. DNS:a.example,IP:127.0.0.1."""
        stem = os.path.join(self.folder, name)
        request = ["req", "-new", "-config", self._config, "-newkey", f"rsa:{bits}", "-nodes", "-subj", f"/CN={name}"]
        if alternatives:
            request += ["-addext", f"subjectAltName={alternatives}"]
        openssl(*request, "-keyout", stem + ".key", "-out", stem + ".csr")
        os.chmod(stem + ".key", 0o600)
        openssl(
            *("ca", "-batch", "-notext", "-config", self._config, "-in", stem + ".csr", "-out", stem + ".pem"),
            *("-startdate", _date(days[0]), "-enddate", _date(days[1])),
        )
        return Certificate(stem + ".pem", stem + ".key")

    def renew_list(self, to="crl", seconds=3 * 86400):
        """Writes the revocation list anew, to be renewed in so many seconds. Returns its path."""
        path = os.path.join(self.folder, to + ".pem")
        openssl("ca", "-config", self._config, "-gencrl", "-crlsec", str(seconds), "-out", path + ".part")
        os.replace(path + ".part", path)
        return path

    def revoke(self, issued):
        openssl("ca", "-config", self._config, "-revoke", issued.certificate)
        self.renew_list()
