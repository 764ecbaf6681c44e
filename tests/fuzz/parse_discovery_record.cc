// A stored DiscoveryRecord, attacked as a record of the store; and its hint, as a text that a
// domain's DNS has.

#include "directory_world.h"
#include "discovery_record.h"
#include "mutation.h"

namespace {

using namespace kt;
using namespace kt::federation;

DirectoryDocument document(int log_number, std::uint64_t epoch) {
  const KeyedLog log = numbered_log(log_number);
  const DirectorySigner signers[] = {signer(log)};
  return must(DirectoryDocument::sign(single_directory(log, epoch), signers));
}

Bytes honest_record() {
  const DiscoveryRecord record{
      {document(1, 3), HeldDirectory{document(2, 9), Timestamp{77}}}, "1", Timestamp{99}, true};
  return must(record.encode());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Bytes honest = honest_record();
  static const Domain home = domain_of("example.com");
  const Bytes message = keytrans::edit(honest, {data, size});
  const auto record = DiscoveryRecord::decode(message, home);
  if (record) {
    KT_ASSERT(record->directory.current.directory().domain == home);
    KT_ASSERT(must(record->encode()) == message);
  } else {
    KT_ASSERT(record.error().code == Errc::corrupt || record.error().code == Errc::rejected);
  }
  const auto id = find_hint({std::string(data, data + size)});
  KT_ASSERT(id || id.error().code == Errc::malformed);
  if (id && *id) KT_ASSERT(must(find_hint({"v=KT1; id=" + **id})) == *id);
  return 0;
}
