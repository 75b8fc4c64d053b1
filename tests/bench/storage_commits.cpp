// How many durable receive commits per second a store makes: N threads, each waiting for its own commit.
//     storage_commits [directory] [threads] [bytes] [seconds]

#include "tests/storage/support.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace trialgate::storage;
using Clock = std::chrono::steady_clock;

struct Load {
  std::string directory;
  unsigned threads = 4;
  std::size_t bytes = 33 * 1024;
  std::chrono::seconds duration{5};
};

// Commits until the time is over; returns how long each took.
std::vector<double> write_until(Store& store, const Load& load, unsigned thread, Clock::time_point end) {
  std::vector<std::uint8_t> bytes = testing::noise(thread, load.bytes);
  std::vector<double> milliseconds;
  for (std::uint64_t i = 0; Clock::now() < end; ++i) {
    std::memcpy(bytes.data(), &i, sizeof i);
    const auto begin = Clock::now();
    const std::string uid = "2.25." + std::to_string(thread) + "." + std::to_string(i);
    if (const auto received = testing::receive(store, uid, bytes); !received) {
      std::fprintf(stderr, "%s\n", received.error().message().c_str());
      break;
    }
    milliseconds.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
  }
  return milliseconds;
}

int run(const Load& load) {
  PosixFileSystem files;
  StoreConfig config = testing::small_store(load.directory);
  config.map_size_bytes = std::uint64_t{8} << 30;
  const auto store = Store::open(config, files);
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().message().c_str());
    return 1;
  }
  const auto begin = Clock::now();
  std::vector<std::vector<double>> times(load.threads);
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < load.threads; ++i) {
      threads.emplace_back([&, i] { times[i] = write_until(**store, load, i, begin + load.duration); });
    }
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  std::vector<double> all;
  for (const auto& of_thread : times) all.insert(all.end(), of_thread.begin(), of_thread.end());
  if (all.empty()) return 1;
  std::sort(all.begin(), all.end());
  std::printf("%u threads, %zu bytes: %.0f durable commits/s, median %.2f ms, 99th percentile %.2f ms\n",
              load.threads, load.bytes, static_cast<double>(all.size()) / seconds, all[all.size() / 2],
              all[all.size() * 99 / 100]);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Load load;
  const testing::TemporaryDirectory fresh;
  load.directory = argc > 1 && argv[1][0] != '\0' ? argv[1] : fresh.path();
  if (argc > 2) load.threads = static_cast<unsigned>(std::stoul(argv[2]));
  if (argc > 3) load.bytes = std::max<std::size_t>(std::stoul(argv[3]), sizeof(std::uint64_t));
  if (argc > 4) load.duration = std::chrono::seconds(std::stoul(argv[4]));
  return run(load);
}
