#include <catch2/catch.hpp>
#include <fstream>
#include <regex>
#include <sstream>

namespace {

using Rows = std::vector<std::pair<int, std::string>>;

std::string text_of_file(const std::string& path) {
  std::ifstream file(std::string(RANKINE_SOURCE_DIR) + "/" + path);
  INFO(path);
  REQUIRE(file.good());
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Number and name of every match, whose groups are found at these places.
Rows rows_of(const std::string& text, const std::string& pattern, int number_group, int name_group) {
  const std::regex row(pattern);
  Rows rows;
  for (auto at = std::sregex_iterator(text.begin(), text.end(), row); at != std::sregex_iterator(); ++at)
    rows.emplace_back(std::stoi((*at)[number_group]), (*at)[name_group]);
  return rows;
}

Rows enumerators() {
  const std::string text = text_of_file("include/rankine/error.hpp");
  const std::size_t begin = text.find("enum class ExitCode");
  REQUIRE(begin != std::string::npos);
  const std::string body = text.substr(begin, text.find("};", begin) - begin);
  return rows_of(body, R"((\w+) = (\d+),)", 2, 1);
}

}  // namespace

TEST_CASE("the page on exit statuses lists every exit code, in the order of the enum, and no other") {
  const Rows codes = enumerators();
  REQUIRE(codes.size() >= 8);
  CHECK(rows_of(text_of_file("docs/exit-status.md"), R"(\n\| (\d+) \| `(\w+)` \|)", 1, 2) == codes);
}

TEST_CASE("the README names every exit status and the page that explains them") {
  const std::string readme = text_of_file("README.md");
  const std::size_t begin = readme.find("Exit status");
  REQUIRE(begin != std::string::npos);
  const std::string paragraph = readme.substr(begin, readme.find("\n\n", begin) - begin);
  std::vector<int> named, codes;
  for (const auto& [number, word] : rows_of(paragraph, R"(\b(\d+) (\w+))", 1, 2)) named.push_back(number);
  for (const auto& [number, name] : enumerators()) codes.push_back(number);
  CHECK(named == codes);
  CHECK(paragraph.find("docs/exit-status.md") != std::string::npos);
}
