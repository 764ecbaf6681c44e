// A directory document. If the first byte is 0 the rest is the document, else it is a payload that
// two logs sign, so that what is behind the signatures is reached. What is accepted is consistent,
// says the same when it is signed again, and is not accepted with another payload.

#include "directory_world.h"
#include "federation/directory_succession.h"

namespace {

using namespace kt;
using namespace kt::federation;

const KeyedLog& log_number(int number) {
  static const KeyedLog logs[] = {numbered_log(1), numbered_log(2)};
  return logs[number - 1];
}

const Domain& home() {
  static const Domain domain = domain_of("example.com");
  return domain;
}

bool is_active(const Directory& directory, const LogId& id) {
  const DirectoryLog* const log = directory.find(id);
  return log != nullptr && log->state == LogState::active;
}

void check_consistency(const Directory& directory) {
  KT_ASSERT(directory.domain == home() && directory.epoch > Epoch{0});
  KT_ASSERT(directory.is_in_force(directory.not_before));
  KT_ASSERT(directory.logs.size() <= DirectoryDocument::kMaxLogs);
  if (const auto* const single = std::get_if<SinglePolicy>(&directory.policy)) {
    KT_ASSERT(is_active(directory, single->log));
  } else if (const auto* const gradual = std::get_if<GradualPolicy>(&directory.policy)) {
    KT_ASSERT(gradual->from != gradual->to);
    KT_ASSERT(is_active(directory, gradual->from) && is_active(directory, gradual->to));
  } else {
    for (const LogId& id : std::get<ShardedPolicy>(directory.policy).logs)
      KT_ASSERT(is_active(directory, id));
  }
}

// The same directory as our own code writes it.
void check_signing(const DirectoryDocument& document) {
  const DirectorySigner signers[] = {signer(log_number(1)), signer(log_number(2))};
  const auto again = must(DirectoryDocument::sign(document.directory(), signers));
  KT_ASSERT(again.directory() == document.directory());
  const auto followed = follow({document, std::nullopt}, again, document.directory().not_before);
  KT_ASSERT(followed.has_value() == (again.entry() == document.entry()));
  KT_ASSERT(followed || followed.error().code == Errc::conflict);
}

// One bit of the base64url of the payload, at a place that `choice` says.
void check_change(const std::string& text, std::size_t choice) {
  const std::size_t begin = text.find(":\"") + 2;
  const std::size_t size = text.find('"', begin) - begin;
  std::string changed = text;
  char& byte = changed[begin + choice % size];
  byte = static_cast<char>(byte ^ (1 << choice % 7));
  KT_ASSERT(!DirectoryDocument::parse(changed, home()).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::string text =
      data[0] == 0 ? std::string(rest) : envelope_of(rest, {&log_number(1), &log_number(2)});
  const auto document = DirectoryDocument::parse(text, home());
  if (!document) {
    const Errc code = document.error().code;
    KT_ASSERT(code == Errc::malformed || code == Errc::rejected ||
              code == Errc::verification_failed);
    return 0;
  }
  check_consistency(document->directory());
  check_signing(*document);
  if (data[0] != 0) check_change(text, data[0] * size);
  return 0;
}
