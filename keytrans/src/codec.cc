#include "keytrans/codec.h"

#include <string>

namespace kt::keytrans {

void Encoder::fail_at(const char* field, const char* reason) {
  if (error_) return;
  error_ = Error{Errc::malformed, std::string(field) + " " + reason};
}

void Decoder::fail_at(const char* field, std::size_t offset, const char* reason) {
  if (error_) return;
  error_ = Error{Errc::malformed,
                 std::string(field) + " at byte " + std::to_string(offset) + " " + reason};
}

ByteView Decoder::take(const char* field, std::size_t size) {
  if (error_) return {};
  if (size > input_.size() - offset_) {
    fail_at(field, offset_, "is cut short");
    return {};
  }
  const ByteView taken = input_.subspan(offset_, size);
  offset_ += size;
  return taken;
}

Result<void> Decoder::finish() && {
  if (!error_ && offset_ != input_.size())
    fail_at("end of message", offset_, "is followed by more bytes");
  if (error_) return tl::unexpected<Error>(*std::move(error_));
  return {};
}

}  // namespace kt::keytrans
