// A file that is locked for as long as this object lives. Internal.
//
// The lock belongs to the open file (F_OFD_SETLK), so it also keeps this process from taking it a
// second time, and the kernel gives it up when the process dies, however that happens.
#pragma once

#include <filesystem>

#include "keytrans/result.h"

namespace kt::store {

class LeaseFile {
 public:
  // Creates `path` with mode 0600 if need be. Errors: conflict when the lease is held; unavailable
  // when the system refuses.
  static Result<LeaseFile> take(const std::filesystem::path& path);

  LeaseFile(LeaseFile&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  LeaseFile& operator=(LeaseFile&&) = delete;
  ~LeaseFile();

 private:
  explicit LeaseFile(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace kt::store
