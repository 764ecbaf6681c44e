#include "client/evidence.h"

#include <algorithm>
#include <array>

#include "domains.h"
#include "final_head.h"
#include "keytrans/codec.h"
#include "keytrans/fork_evidence.h"
#include "witness.h"

namespace kt::client {
namespace {

using federation::DirectoryDocument;
using federation::DirectoryLog;

// "KTDIRS", and the version of the format.
using Magic = std::array<std::uint8_t, 8>;
constexpr Magic kDirectoryMagic{'K', 'T', 'D', 'I', 'R', 'S', 0, 1};

struct DirectoryEvidence {
  Magic magic = kDirectoryMagic;
  Bytes domain;
  std::array<Bytes, 2> documents;
};

template <class Io, class S>
void wire(Io& io, S& s) {
  io.fixed("DirectoryEvidence.magic", s.magic, s.magic.size());
  io.require(s.magic == kDirectoryMagic, "DirectoryEvidence.magic", "is unknown");
  io.template opaque<1>("DirectoryEvidence.domain", s.domain);
  for (auto& document : s.documents) io.template opaque<4>("DirectoryEvidence.documents", document);
}

std::string text_of(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

// The logs that have signed both.
Result<std::vector<LogId>> signers_of_both(const DirectoryDocument& a, const DirectoryDocument& b) {
  std::vector<LogId> logs;
  for (const DirectoryLog& log : a.directory().logs) {
    KT_TRY(const bool has_signed_a, a.is_signed_by(log.configuration));
    KT_TRY(const bool has_signed_b, b.is_signed_by(log.configuration));
    if (has_signed_a && has_signed_b) logs.push_back(log.id());
  }
  return logs;
}

Result<Evidence> check_directory(ByteView bytes) {
  keytrans::Decoder io(bytes);
  DirectoryEvidence evidence;
  wire(io, evidence);
  KT_TRY(std::move(io).finish());
  KT_TRY(const auto domain, federation::Domain::parse(text_of(evidence.domain)));
  KT_TRY(const auto a, DirectoryDocument::parse(text_of(evidence.documents[0]), domain));
  KT_TRY(const auto b, DirectoryDocument::parse(text_of(evidence.documents[1]), domain));
  if (a.directory().epoch != b.directory().epoch)
    return fail(Errc::verification_failed, "the documents have different epochs");
  if (a.entry() == b.entry()) return fail(Errc::verification_failed, "the documents are the same");
  KT_TRY(auto logs, signers_of_both(a, b));
  if (logs.empty()) return fail(Errc::verification_failed, "no log has signed both documents");
  return Evidence{Evidence::Kind::directory, domain.text(), std::move(logs),
                  a.directory().epoch.value()};
}

Result<Evidence> check_fork(ByteView bytes) {
  KT_TRY(const auto fork, keytrans::ForkEvidence::parse(bytes));
  KT_TRY(keytrans::verify_fork_evidence(fork));
  KT_TRY(const auto log, keytrans::LogConfiguration::create(fork.config));
  return Evidence{Evidence::Kind::fork, {}, {log.id()}, fork.size.value()};
}

}  // namespace

Result<Bytes> directory_evidence(const DirectoryDocument& a, const DirectoryDocument& b) {
  DirectoryEvidence evidence;
  evidence.domain = to_bytes(a.directory().domain.text());
  evidence.documents = {to_bytes(a.text()), to_bytes(b.text())};
  keytrans::Encoder io;
  wire(io, std::as_const(evidence));
  return std::move(io).finish();
}

Result<Evidence> check_evidence(ByteView bytes) {
  const bool is_directory = bytes.size() >= kDirectoryMagic.size() &&
                            equal(bytes.first(kDirectoryMagic.size()), kDirectoryMagic);
  return is_directory ? check_directory(bytes) : check_fork(bytes);
}

Result<std::vector<std::filesystem::path>> look_for_forks(const Session& session,
                                                          const federation::Domain& domain) {
  KT_TRY(const auto stored, load_domain(session, domain));
  if (!stored) return fail(Errc::not_found, "the domain is not trusted");
  std::vector<std::filesystem::path> saved;
  for (const DirectoryLog& log : stored->known.current().logs) {
    if (log.state == federation::LogState::retired) continue;
    KT_TRY(const bool silent, is_silent(session, log.id()));
    if (silent) continue;
    KT_TRY(const NewcomersView view, ask_as_newcomer(session, stored->known, log));
    KT_TRY(const auto path, compare_with_known(session, stored->known, log, view));
    if (path) saved.push_back(*path);
  }
  return saved;
}

}  // namespace kt::client
