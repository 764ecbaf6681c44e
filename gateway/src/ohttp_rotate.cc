#include <filesystem>
#include <memory>

#include "admin_client.h"
#include "commands.h"

namespace kt::gateway {
namespace {

constexpr const char* kHelp =
    "Begins with a new key for Oblivious HTTP, before its time, at a gateway that is running.";

constexpr const char* kFooter =
    "The socket is the admin.socket of the gateway's configuration. The new key is published at "
    "once,\n"
    "is in use after ohttp.overlap, and the one before it is erased when that has passed again.\n"
    "While one rotation is under way there is no other.\n\n"
    "Example:\n"
    "  ktgate ohttp rotate --socket /run/ktgate/admin.socket";

Result<int> rotate(const std::filesystem::path& socket) {
  KT_TRY(rotate_ohttp_key_at(socket));
  return program::kDone;
}

}  // namespace

void add_ohttp_rotate(const program::Command& group) {
  const auto socket = std::make_shared<std::filesystem::path>();
  const program::Command command = group.add_command("rotate", kHelp);
  command.set_footer(kFooter);
  command.add_path("--socket", *socket, "The admin socket of the gateway").required();
  command.runs([socket] { return rotate(*socket); });
}

}  // namespace kt::gateway
