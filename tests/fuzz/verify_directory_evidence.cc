// Evidence that a log has signed two directory documents of one epoch: it convicts nobody but who
// has signed them.

#include "client/evidence.h"
#include "directory_world.h"
#include "mutation.h"

namespace {

using namespace kt;
using namespace kt::federation;

DirectoryDocument document(const KeyedLog& log, const std::string& path) {
  Directory directory = single_directory(log, 7);
  directory.url.path = path;
  const DirectorySigner signers[] = {signer(log)};
  return must(DirectoryDocument::sign(directory, signers));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const KeyedLog kLog = numbered_log(1);
  static const Bytes kHonest =
      must(client::directory_evidence(document(kLog, "/a"), document(kLog, "/b")));
  const auto evidence = client::check_evidence(keytrans::edit(kHonest, {data, size}));
  if (!evidence || evidence->kind != client::Evidence::Kind::directory) return 0;
  KT_ASSERT(evidence->logs == std::vector<LogId>{kLog.id()} && evidence->number == 7);
  return 0;
}
