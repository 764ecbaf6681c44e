// `kt compare`, at a gateway of its own.
#include "client/compare.h"

#include "kt_program.h"

namespace kt::client {
namespace {

class Compare : public KtProgram {
 protected:
  void SetUp() override {
    create("log");
    import("log", gateway::line_of(kAlice, 0, "first"));
    serve("log");
    trust(serving().url());
  }
};

TEST_F(Compare, WhoSeesTheSameIsConsistent) {
  const Json mine = kt_json({"compare", "example.com"});
  const std::string text = mine.at("text");
  EXPECT_TRUE(mine.at("consistent").is_null());
  EXPECT_GE(mine.at("heads").size(), 1U);
  const ShownHeads shown = must(ShownHeads::parse(text));
  EXPECT_EQ(shown.log.hex(), mine.at("log").at("log_id"));
  EXPECT_EQ(must(shown.text()), text);
  // Somebody else, with a state of their own.
  const auto theirs = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--state", path("theirs")});
    return kt_without_state(std::move(arguments));
  };
  ASSERT_EQ(theirs({"trust", "example.com", "--url", serving().url().text()}).code, 0);
  const Outcome compared = theirs({"compare", "example.com", "--with", text});
  EXPECT_EQ(compared.code, 0) << compared.err;
  EXPECT_NE(compared.out.find("consistent\n"), std::string::npos) << compared.out;
  EXPECT_EQ(kt_json({"compare", "example.com", "--log", "main", "--with", text, "--offline"})
                .at("consistent"),
            true);
}

TEST_F(Compare, WhoSeesSomethingElseIsNot) {
  ShownHeads other =
      must(ShownHeads::parse(kt_json({"compare", "example.com"}).at("text").get<std::string>()));
  for (HashValue& head : other.head.heads) head[0] ^= 1U;
  const Outcome compared = kt({"compare", "example.com", "--with", must(other.text())});
  EXPECT_EQ(compared.code, 6) << compared.err;
  EXPECT_NE(compared.out.find("NOT consistent"), std::string::npos) << compared.out;
  EXPECT_EQ(kt_json({"compare", "example.com", "--with", must(other.text())}, 6).at("consistent"),
            false);
}

TEST_F(Compare, SaysWhyNot) {
  expect_error(kt({"compare", "example.com", "--offline"}), 3, "no distinguished entry");
  expect_error(kt({"compare", "example.net"}), 3, "not trusted");
  expect_error(kt({"compare", "example.com", "--log", "other"}), 3, "no log of that name");
  const std::string text = kt_json({"compare", "example.com"}).at("text");
  for (const std::string& wrong :
       {std::string("hello"), std::string("kt1:"), std::string("kt1:AAAA"),
        text.substr(0, text.size() - 2), text + "AA", text + "="})
    expect_error(kt({"compare", "example.com", "--with", wrong}), 2, "--with");
  ShownHeads other = must(ShownHeads::parse(text));
  other.log = log_of(7);
  expect_error(kt({"compare", "example.com", "--with", must(other.text())}), 2, "another log");
}

// The modules of a code that was drawn in half blocks, line by line.
std::vector<std::vector<bool>> modules_of(const std::string& drawn) {
  std::vector<std::vector<bool>> rows;
  std::size_t start = 0;
  for (std::size_t end = drawn.find('\n'); end != std::string::npos;
       start = end + 1, end = drawn.find('\n', start)) {
    std::string line = drawn.substr(start, end - start);
    const std::string begin = "\x1b[97;40m";
    if (!line.starts_with(begin)) continue;
    line = line.substr(begin.size(), line.size() - begin.size() - 4);
    auto& upper = rows.emplace_back();
    std::vector<bool> lower;
    for (std::size_t at = 0; at < line.size();) {
      const std::size_t size = line[at] == ' ' ? 1 : 3;
      const std::string block = line.substr(at, size);
      upper.push_back(block == "█" || block == "▀");
      lower.push_back(block == "█" || block == "▄");
      at += size;
    }
    rows.push_back(lower);
  }
  return rows;
}

TEST_F(Compare, DrawsAQrCode) {
  const Outcome shown = kt({"compare", "example.com", "--qr"});
  EXPECT_EQ(shown.code, 0) << shown.err;
  const auto rows = modules_of(shown.out);
  ASSERT_GT(rows.size(), 29U);
  const std::size_t width = rows[0].size();
  // A version's size, with four light modules around.
  ASSERT_EQ((width - 8 - 17) % 4, 0U);
  for (std::size_t i = 0; i < width; ++i) {
    EXPECT_TRUE(rows[0][i] && rows[3][i] && rows[i][0] && rows[i][3] && rows[i][width - 4]);
  }
  // The three finder patterns (ISO/IEC 18004, 6.3.3): rings of dark, light and dark.
  const auto expect_finder = [&](std::size_t top, std::size_t left) {
    for (std::size_t y = 0; y < 7; ++y) {
      for (std::size_t x = 0; x < 7; ++x) {
        const std::size_t ring = std::min(std::min(x, y), std::min(6 - x, 6 - y));
        EXPECT_EQ(rows[top + y][left + x], ring == 1) << y << ' ' << x;
      }
    }
  };
  expect_finder(4, 4);
  expect_finder(4, width - 11);
  expect_finder(width - 11, 4);
  expect_error(kt({"compare", "example.com", "--qr", "--json"}), 2, "--qr");
}

}  // namespace
}  // namespace kt::client
