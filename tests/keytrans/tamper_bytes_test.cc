// Every byte of every kind of message: changed, left out, put in between, and everything after it
// cut off.
#include <iostream>
#include <string>

#include <gtest/gtest.h>

#include "tamper_kinds.h"

namespace kt::keytrans {
namespace {

class TamperedBytes : public ::testing::TestWithParam<TamperCase> {
 protected:
  void SetUp() override {
    specimen_->expect_accepted();
    ASSERT_FALSE(HasFailure()) << "the honest message is not accepted";
  }

  // Prints what became of the messages, and expects that there were some.
  static void report(const char* what, const Tally& tally) {
    std::cout << what << ": " << tally << '\n';
    EXPECT_GT(tally.tried(), 0U);
  }

  // Tries the message with `value` at `offset`.
  void expect_refused_with(std::size_t offset, std::uint8_t value, Tally& tally) const {
    Bytes tampered = specimen_->encoding();
    const std::string what = name_of_byte(fields_, offset) + " changed from " +
                             std::to_string(tampered[offset]) + " to " + std::to_string(value);
    tampered[offset] = value;
    specimen_->expect_refused(tampered, what, tally);
  }

  const std::unique_ptr<Specimen> specimen_ = GetParam().make();
  const std::vector<FieldPlace> fields_ = specimen_->fields();
};

class ExpensiveTamperedBytes : public TamperedBytes {};

INSTANTIATE_TEST_SUITE_P(, TamperedBytes, ::testing::ValuesIn(tamper_cases()), tamper_case_name);
INSTANTIATE_TEST_SUITE_P(, ExpensiveTamperedBytes, ::testing::ValuesIn(tamper_cases()),
                         tamper_case_name);

// One bit of each byte, another in each; of short messages every bit.
TEST_P(ExpensiveTamperedBytes, FlippedAreRefused) {
  constexpr std::size_t kShort = 128;
  const Bytes& honest = specimen_->encoding();
  Tally tally;
  for (std::size_t i = 0; i < honest.size(); ++i) {
    for (std::size_t bit = 0; bit < 8; ++bit) {
      if (honest.size() > kShort && bit != i % 8) continue;
      expect_refused_with(i, static_cast<std::uint8_t>(honest[i] ^ (1U << bit)), tally);
    }
  }
  report("flipped", tally);
}

// Whatever says what follows, or how much: all other values of each of its octets.
TEST_P(ExpensiveTamperedBytes, OfAnotherShapeAreRefused) {
  const Bytes& honest = specimen_->encoding();
  Tally tally;
  for (const FieldPlace& field : fields_) {
    if (field.kind == FieldKind::number || field.kind == FieldKind::bytes) continue;
    for (std::size_t i = field.offset; i < field.offset + field.size; ++i) {
      for (unsigned difference = 1; difference < 256; ++difference)
        expect_refused_with(i, static_cast<std::uint8_t>(honest[i] ^ difference), tally);
    }
  }
  report("of another shape", tally);
}

TEST_P(TamperedBytes, MissingAtTheEndAreNotDecoded) {
  const Bytes& honest = specimen_->encoding();
  Tally tally;
  for (std::size_t size = 0; size < honest.size(); ++size)
    specimen_->expect_refused(ByteView(honest).first(size),
                              "the first " + std::to_string(size) + " bytes", tally);
  EXPECT_EQ(tally.undecodable, honest.size());
  report("cut short", tally);
}

TEST_P(TamperedBytes, FollowedByMoreAreNotDecoded) {
  Tally tally;
  for (unsigned octet = 0; octet < 256; ++octet) {
    Bytes longer = specimen_->encoding();
    longer.push_back(static_cast<std::uint8_t>(octet));
    specimen_->expect_refused(longer, "followed by " + std::to_string(octet), tally);
  }
  EXPECT_EQ(tally.undecodable, 256U);
  report("followed by more", tally);
}

// Everything behind the byte moves by one, so that a field is too long or too short.
TEST_P(TamperedBytes, MissingOrAddedInBetweenAreRefused) {
  const Bytes& honest = specimen_->encoding();
  Tally tally;
  for (std::size_t i = 0; i < honest.size(); ++i) {
    const auto at = static_cast<std::ptrdiff_t>(i);
    const std::string name = name_of_byte(fields_, i);
    Bytes shorter = honest;
    shorter.erase(shorter.begin() + at);
    specimen_->expect_refused(shorter, name + " left out", tally);
    for (const std::uint8_t octet : {std::uint8_t{0}, honest[i]}) {
      Bytes longer = honest;
      longer.insert(longer.begin() + at, octet);
      specimen_->expect_refused(longer, name + " behind " + std::to_string(octet), tally);
    }
  }
  report("shifted", tally);
}

}  // namespace
}  // namespace kt::keytrans
