#include "gateway/log/logger.h"

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include <cstdio>
#include <string>
#include <thread>
#include <vector>

using namespace trialgate;
using namespace trialgate::gateway;

namespace {

/// What `use` writes to a logger.
template <class Use>
std::string logged(LogFormat format, dimse::Level threshold, Use use) {
  std::FILE* file = std::tmpfile();
  {
    Logger logger(file, format, threshold);
    use(logger);
  }
  std::string text(static_cast<std::size_t>(std::ftell(file)), '\0');
  std::rewind(file);
  REQUIRE(std::fread(text.data(), 1, text.size(), file) == text.size());
  std::fclose(file);
  return text;
}

const std::string hostile = "a\nb\x1b[31m \xFF\xC2\x9B\xED\xA0\x80 \"中文\"";

}  // namespace

TEST_CASE("a text line: time, level, event, fields; values that would break it are quoted") {
  const std::string line = logged(LogFormat::text, dimse::Level::info, [](Logger& logger) {
    logger.event(dimse::Level::warn, "assoc.accept",
                 {{"id", std::int64_t{17}}, {"calling", "SITE03"}, {"why", "two words"}, {"none", ""}});
  });
  CHECK(line.substr(27) == " warn assoc.accept id=17 calling=SITE03 why=\"two words\" none=\"\"\n");
  CHECK(line[10] == 'T');
  CHECK(line[26] == 'Z');
}

TEST_CASE("what a peer sends cannot end a line, move a terminal or break JSON") {
  const auto use = [](Logger& logger) { logger.event(dimse::Level::info, "x", {{"version", hostile}}); };
  const std::string text = logged(LogFormat::text, dimse::Level::info, use);
  CHECK(text.substr(27) == " info x version=\"a?b?[31m ?????? '中文'\"\n");
  const std::string json = logged(LogFormat::json, dimse::Level::info, use);
  CHECK(std::count(json.begin(), json.end(), '\n') == 1);
  boost::system::error_code error;
  const auto object = boost::json::parse(json, error);
  REQUIRE_FALSE(error);
  CHECK(object.at("version") == "a?b?[31m ?????? \"中文\"");
  CHECK(object.at("event") == "x");
  CHECK(object.at("level") == "info");
}

TEST_CASE("what is below the threshold is not written; lines of several threads stay whole") {
  const std::string text = logged(LogFormat::text, dimse::Level::warn, [](Logger& logger) {
    CHECK_FALSE(logger.enabled(dimse::Level::debug));
    logger.event(dimse::Level::info, "quiet", {});
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&logger] {
        for (int i = 0; i < 50; ++i) logger.event(dimse::Level::error, "loud", {{"n", std::int64_t{i}}});
      });
    }
    for (auto& thread : threads) thread.join();
  });
  CHECK(text.find("quiet") == std::string::npos);
  CHECK(std::count(text.begin(), text.end(), '\n') == 200);
}
