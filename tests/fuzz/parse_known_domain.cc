// A stored KnownDomain, attacked as a file.

#include "client/known_domain.h"
#include "directory_world.h"
#include "mutation.h"

namespace {

using namespace kt;
using namespace kt::federation;

DirectoryDocument document(const KeyedLog& log, std::uint64_t epoch) {
  const DirectorySigner signers[] = {signer(log)};
  return must(DirectoryDocument::sign(single_directory(log, epoch), signers));
}

Bytes honest_domain() {
  const KeyedLog log = numbered_log(1);
  const client::KnownDomain known{
      {document(log, 3), HeldDirectory{document(numbered_log(2), 9), Timestamp{77}}},
      {{true, "kt.example.com", 8443, "/base"}, "/etc/ca.pem"},
      keytrans::ContactPolicy::always,
      Timestamp{55},
      {{log.id(), Version{2}, document(log, 3).entry()}}};
  return must(known.encode());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Bytes kHonest = honest_domain();
  static const Domain kHome = domain_of("example.com");
  const Bytes message = keytrans::edit(kHonest, {data, size});
  const auto known = client::KnownDomain::decode(message, kHome);
  if (!known) {
    KT_ASSERT(known.error().code == Errc::corrupt || known.error().code == Errc::rejected);
    return 0;
  }
  KT_ASSERT(known->current().domain == kHome);
  // A URL may be spelled in several ways; what is written is one of them.
  const Bytes again = must(known->encode());
  KT_ASSERT(must(must(client::KnownDomain::decode(again, kHome)).encode()) == again);
  return 0;
}
