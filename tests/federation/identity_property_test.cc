// Identities against a naive model: a person is a local part and a domain, and every way of writing
// them down leads to one label that nobody else has.

#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "federation/identity.h"
#include "names.h"
#include "random_source.h"
#include "unicode.h"

namespace kt::federation {
namespace {

using Person = std::pair<std::string, std::string>;

constexpr int kPeople = 3'000;

// Few characters, so that people often differ in one place only; among them those that separate.
const std::vector<std::string>& characters() {
  static const std::vector<std::string> list{"a", "b", "A", ".", "-", "/", "@", "%",  "4",
                                             "0", "?", "#", "ö", "Σ", "א", "+", "\\", "…"};
  return list;
}

Person random_person(RandomSource& random) {
  static const std::vector<std::string> domains{"a.example", "b.example", "a.b.example",
                                                "xn--bcher-kva.example"};
  std::string local_part;
  for (std::uint64_t left = 1 + random.below(4); left > 0; --left)
    local_part += characters()[random.below(characters().size())];
  return {local_part, domains[random.below(domains.size())]};
}

std::string percent_encoded(RandomSource& random, const std::string& text) {
  std::string encoded;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    if (is_plain && random.coin())
      encoded += c;
    else
      encoded += '%' + to_hex(to_bytes(std::string(1, c)));
  }
  return encoded;
}

std::string in_some_case(RandomSource& random, std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z' && random.coin()) c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

std::vector<std::string> spellings(RandomSource& random, const Person& person) {
  const auto& [local_part, domain] = person;
  const std::string some_domain = in_some_case(random, domain) + (random.coin() ? "." : "");
  const std::string uri_local_part = percent_encoded(random, local_part);
  return {local_part + '@' + some_domain, local_part + '@' + some_domain + "/phone",
          in_some_case(random, "acct:") + uri_local_part + '@' + some_domain,
          '@' + local_part + ':' + some_domain,
          in_some_case(random, "mimi") + "://" + some_domain + "/u/" + uri_local_part};
}

// The label of `text`, or nothing if it is refused.
std::optional<std::string> label_text(std::string_view text, LabelRule rule) {
  const auto identity = Identity::parse(text, std::nullopt);
  if (!identity) return std::nullopt;
  const auto label = identity->label(rule);
  if (!label) return std::nullopt;
  return text_of(*label);
}

TEST(IdentityProperty, OnePersonOneLabel) {
  RandomSource random;
  std::map<std::string, Person> people;  // by label
  int refused = 0;
  for (int i = 0; i < kPeople; ++i) {
    const Person person = random_person(random);
    const std::vector<std::string> texts = spellings(random, person);
    const auto label = label_text(texts.front(), LabelRule::bytes);
    for (const std::string& text : texts)
      ASSERT_EQ(label_text(text, LabelRule::bytes), label) << text;
    if (!label) {
      ++refused;
      continue;
    }
    ASSERT_EQ(*label, person.first + '@' + person.second);
    ASSERT_EQ(people.emplace(*label, person).first->second, person) << *label;
  }
  EXPECT_GT(people.size(), 100U);
  EXPECT_GT(refused, 100);
}

TEST(IdentityProperty, LabelsAreTheirOwnLabels) {
  RandomSource random;
  int labels = 0;
  for (int i = 0; i < kPeople; ++i) {
    const Person person = random_person(random);
    for (const LabelRule rule :
         {LabelRule::bytes, LabelRule::ascii_lower, LabelRule::username_case_mapped}) {
      for (const std::string& text : spellings(random, person)) {
        const auto label = label_text(text, rule);
        if (!label) continue;
        ++labels;
        ASSERT_EQ(label_text(*label, rule), label) << text;
      }
    }
  }
  EXPECT_GT(labels, 1'000);
}

// Any code points at all, under the rule that maps them.
TEST(IdentityProperty, UsernamesAreTheirOwnUsernames) {
  RandomSource random;
  constexpr std::array<std::pair<char32_t, char32_t>, 9> kBlocks{{{0x21, 0x7e},
                                                                  {0xa0, 0x24f},
                                                                  {0x300, 0x3ff},
                                                                  {0x590, 0x6ff},
                                                                  {0x900, 0x97f},
                                                                  {0x10a0, 0x11ff},
                                                                  {0x1e00, 0x206f},
                                                                  {0x3040, 0x30ff},
                                                                  {0xff00, 0xffef}}};
  int names = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto [first, last] = kBlocks.at(random.below(kBlocks.size()));
    CodePoints points;
    for (std::uint64_t left = 1 + random.below(3); left > 0; --left)
      points.push_back({static_cast<char32_t>(first + random.below(last - first + 1)), 0});
    const std::string text = encode_utf8(points);
    const auto name = canonical_local_part(LabelRule::username_case_mapped, text);
    if (!name) continue;
    ++names;
    ASSERT_EQ(must(canonical_local_part(LabelRule::username_case_mapped, *name)), *name) << text;
    // The other rules map less and allow more.
    ASSERT_EQ(must(canonical_local_part(LabelRule::bytes, *name)), *name) << text;
    ASSERT_EQ(must(canonical_local_part(LabelRule::ascii_lower, *name)), *name) << text;
  }
  EXPECT_GT(names, 1'000);
}

}  // namespace
}  // namespace kt::federation
