// The highest head that was signed over a log, by the log or by its auditor, kept beside the
// signer's database: a database that is behind it is an old copy. Format: docs/formats.md, "The
// head file".
//
// Thread rule: one thread at a time.
#pragma once

#include <filesystem>

#include "keytrans/messages.h"
#include "keytrans/result.h"

namespace kt::store {

struct SignedHead {
  keytrans::TreeHead head;  // of size 0 and unsigned before the first entry
  HashValue root{};

  friend bool operator==(const SignedHead&, const SignedHead&) = default;
};

class HeadFile {
 public:
  // Creates the file, mode 0600, with the head of an empty tree. Errors: conflict when it is there;
  // unavailable when the system refuses.
  static Result<HeadFile> create(const std::filesystem::path& path);

  // Errors: rejected when there is none; corrupt when neither of its two slots holds a head;
  // unavailable when the system refuses.
  static Result<HeadFile> open(const std::filesystem::path& path);

  HeadFile(HeadFile&& other) noexcept
      : descriptor_(other.descriptor_), highest_(std::move(other.highest_)), slot_(other.slot_) {
    other.descriptor_ = -1;
  }
  HeadFile& operator=(HeadFile&&) = delete;
  ~HeadFile();

  [[nodiscard]] const SignedHead& highest() const { return highest_; }

  // Puts a file with `head` as the highest in the place of the one at `path`, if there is one: at
  // one instant, and durably. Errors: unavailable when the system refuses.
  static Result<void> replace(const std::filesystem::path& path, const SignedHead& head);

  // Makes `head` the highest, durably. The one before stays in the other slot until then.
  // Requires: not smaller than the highest. Errors: unavailable when the system refuses.
  Result<void> advance(const SignedHead& head);

 private:
  explicit HeadFile(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
  SignedHead highest_;
  unsigned slot_ = 0;  // where the highest stands
};

}  // namespace kt::store
