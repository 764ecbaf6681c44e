#include "qr_code.h"

#include <memory>
#include <qrencode.h>

namespace kt::client {
namespace {

// Modules around the code that have to be light.
constexpr int kQuietZone = 4;

// White on black, whatever the terminal has, so that it can be scanned.
constexpr const char* kColours = "\x1b[97;40m";
constexpr const char* kNoColours = "\x1b[0m";

class Modules {
 public:
  explicit Modules(const QRcode& code) : code_(code) {}

  [[nodiscard]] int width() const { return code_.width + 2 * kQuietZone; }
  [[nodiscard]] bool is_light(int x, int y) const {
    const int column = x - kQuietZone;
    const int row = y - kQuietZone;
    if (column < 0 || row < 0 || column >= code_.width || row >= code_.width) return true;
    return (code_.data[row * code_.width + column] & 1U) == 0;
  }

 private:
  const QRcode& code_;
};

const char* half_blocks(bool upper_is_light, bool lower_is_light) {
  if (upper_is_light) return lower_is_light ? "█" : "▀";
  return lower_is_light ? "▄" : " ";
}

}  // namespace

Result<std::string> qr_code(const std::string& text) {
  if (text.empty() || text.find('\0') != std::string::npos)
    return fail(Errc::malformed, "there is no QR code for that text");
  const std::unique_ptr<QRcode, decltype(&QRcode_free)> code(
      QRcode_encodeString8bit(text.c_str(), 0, QR_ECLEVEL_L), &QRcode_free);
  if (code == nullptr) return fail(Errc::malformed, "the text is too long for a QR code");
  const Modules modules(*code);
  std::string drawn;
  for (int y = 0; y < modules.width(); y += 2) {
    drawn += kColours;
    for (int x = 0; x < modules.width(); ++x)
      drawn += half_blocks(modules.is_light(x, y),
                           y + 1 >= modules.width() || modules.is_light(x, y + 1));
    drawn += kNoColours;
    drawn += '\n';
  }
  return drawn;
}

}  // namespace kt::client
