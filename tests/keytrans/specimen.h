// An honest message, who judges it, and what must become of every message that differs from it.
//
// A message that was tampered with must not decode, or be refused with an error that says why and
// gives nothing away. The one exception is what the draft authenticates nowhere: a specimen states
// exactly which messages those are, and what has to follow when one is accepted.
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "message_fields.h"

namespace kt::keytrans {

// What became of the messages that were tried.
struct Tally {
  std::size_t undecodable = 0;
  std::size_t refused = 0;
  std::size_t excused = 0;      // accepted, as nobody can check what was changed
  std::size_t unencodable = 0;  // no message says that
  std::size_t identical = 0;    // the change changed nothing

  [[nodiscard]] std::size_t tried() const { return undecodable + refused + excused; }
  friend std::ostream& operator<<(std::ostream& out, const Tally& tally) {
    return out << tally.tried() << " tried, " << tally.undecodable << " not decoded, "
               << tally.refused << " refused, " << tally.excused << " without a check, "
               << tally.unencodable << " not encodable, " << tally.identical << " identical";
  }
};

// The parts of labels and values that no error may repeat.
inline constexpr std::string_view kSecretWord = "alice";

class Specimen {
 public:
  Specimen() = default;
  Specimen(const Specimen&) = delete;
  Specimen& operator=(const Specimen&) = delete;
  virtual ~Specimen() = default;

  [[nodiscard]] virtual const Bytes& encoding() const = 0;
  [[nodiscard]] virtual std::vector<FieldPlace> fields() const = 0;

  // What `bytes` are as a message, encoded again; nothing when they are none.
  [[nodiscard]] virtual std::optional<Bytes> encoded_again(ByteView bytes) const = 0;

  // That the honest message is accepted. Without this nothing else here means anything.
  virtual void expect_accepted() const = 0;

  // That `tampered` is refused, or excused. `what` says what was done to it.
  virtual void expect_refused(ByteView tampered, const std::string& what, Tally& tally) const = 0;

  // The same of the honest message with the `wanted`-th change of mutate_field().
  // Returns whether there is such a change.
  virtual bool expect_mutant_refused(std::size_t wanted, Tally& tally) const = 0;
};

inline void expect_precise(const Error& error, const std::string& what) {
  EXPECT_FALSE(error.detail.empty()) << what;
  EXPECT_EQ(error.detail.find(kSecretWord), std::string::npos) << what << ": " << error.detail;
  const bool about_the_message = error.code == Errc::malformed ||
                                 error.code == Errc::verification_failed ||
                                 error.code == Errc::unavailable;
  EXPECT_TRUE(about_the_message) << what << ": " << to_string(error.code) << ": " << error.detail;
}

template <class Message>
class SpecimenOf final : public Specimen {
 public:
  // Verifies a message. The effect is everything that follows from it, in bytes.
  using Judge = std::function<Result<Bytes>(const Message&)>;
  // What has to hold of a tampered message that was accepted with `effect`; null when it must not
  // be accepted at all.
  using Excuse = std::function<std::function<void(const Bytes& effect)>(const Message&)>;

  SpecimenOf(WireContext context, Message honest, Judge judge, Excuse excuse = {})
      : context_(context),
        honest_(std::move(honest)),
        encoding_(encode_message(honest_, context_).value()),
        judge_(std::move(judge)),
        excuse_(std::move(excuse)) {}

  [[nodiscard]] const Bytes& encoding() const override { return encoding_; }
  [[nodiscard]] std::vector<FieldPlace> fields() const override {
    return map_fields(honest_, context_);
  }

  [[nodiscard]] std::optional<Bytes> encoded_again(ByteView bytes) const override {
    const auto decoded = decode_message<Message>(bytes, context_);
    if (!decoded) return std::nullopt;
    return encode_message(*decoded, context_).value();
  }

  void expect_accepted() const override {
    const auto decoded = decode_message<Message>(encoding_, context_);
    ASSERT_TRUE(decoded.has_value()) << decoded.error().detail;
    EXPECT_EQ(*decoded, honest_);
    const auto effect = judge_(*decoded);
    EXPECT_TRUE(effect.has_value()) << effect.error().detail;
  }

  void expect_refused(ByteView tampered, const std::string& what, Tally& tally) const override {
    const auto decoded = decode_message<Message>(tampered, context_);
    if (!decoded) {
      ++tally.undecodable;
      EXPECT_EQ(decoded.error().code, Errc::malformed) << what;
      expect_precise(decoded.error(), what);
      return;
    }
    const auto effect = judge_(*decoded);
    if (!effect) {
      ++tally.refused;
      expect_precise(effect.error(), what);
      return;
    }
    const auto excused = excuse_ ? excuse_(*decoded) : nullptr;
    if (!excused) {
      ADD_FAILURE() << "accepted: " << what;
      return;
    }
    ++tally.excused;
    SCOPED_TRACE(what);
    excused(*effect);
  }

  bool expect_mutant_refused(std::size_t wanted, Tally& tally) const override {
    const auto mutant = mutate_field(honest_, context_, wanted);
    if (!mutant) return false;
    const auto tampered = encode_message(mutant->message, context_);
    if (!tampered) {
      ++tally.unencodable;
    } else if (*tampered == encoding_) {
      ++tally.identical;
    } else {
      expect_refused(*tampered, mutant->change, tally);
    }
    return true;
  }

 private:
  WireContext context_;
  Message honest_;
  Bytes encoding_;
  Judge judge_;
  Excuse excuse_;
};

}  // namespace kt::keytrans
