// The directory document: a Directory as a domain publishes it, signed by each of its active logs.
//
//   {"payload": "<base64url of the JSON of a Directory>",
//    "signatures": [{"log_id": "<hex>", "signature": "<base64url>"}]}
//
// Holding one proves that every active log in it has signed exactly these bytes for its domain. It
// does not prove that the domain is who published it: that is for TLS to say at the first meeting,
// and for directory_succession.h from then on. No domain can name an active log that does not agree
// to it.
//
// A log signs, with the key it signs tree heads with,
//
//   struct {
//     opaque context<1..2^8-1> = "ktgate directory document";
//     opaque log_id[32];
//     opaque hash[32];                // SHA-256 of the payload
//   } DirectoryDocumentTBS;
//
// All that the protocol has keys sign begins with a Configuration, so with a ciphersuite, 0x0001 or
// 0x0002; this begins with 0x196b. Neither can be taken for the other.
//
// docs/directory-document.md is the format. Thread rule: a plain value.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "federation/directory_entry.h"
#include "keytrans/signature.h"

namespace kt::federation {

struct DirectorySigner {
  LogId log;
  const keytrans::SigningKey* key;  // of its tree heads; outlives the call
};

class DirectoryDocument {
 public:
  static constexpr std::size_t kMaxSize = std::size_t{256} << 10;
  static constexpr std::size_t kMaxLogs = 255;
  // Of all logs of a document, and of all of the one before it.
  static constexpr std::size_t kMaxSignatures = 2 * kMaxLogs;

  // Reads what is published for `domain`. Whether it is in force is not looked at.
  // Errors, with the member and nothing of what it says: malformed; rejected when the format, the
  // policy, the label rule or the state of a log is none that this version knows;
  // verification_failed when it is another domain's, when the signature of an active log is
  // missing, or when one of any log in it does not hold.
  static Result<DirectoryDocument> parse(std::string_view text, const Domain& domain);

  // `directory`, signed: by each active log in it and, when none of these was active in the
  // document before it, by one that was. Requires: no log is in `signers` twice.
  // Errors: what parse() would say of it; unavailable.
  static Result<DirectoryDocument> sign(const Directory& directory,
                                        std::span<const DirectorySigner> signers);

  // The same in parts, where not all keys are in one place: what is to be signed of `directory`,
  // what it says, a signature of it, and all of it together.
  // Errors: those of parse() that are about the part; of assemble() all of them.
  static Result<std::string> payload_of(const Directory& directory);
  static Result<Directory> read_payload(std::string_view payload);
  static Result<Bytes> sign_payload(std::string_view payload, const DirectorySigner& signer);
  static Result<DirectoryDocument> assemble(std::string_view payload,
                                            const std::map<LogId, Bytes>& signatures,
                                            const Domain& domain);

  [[nodiscard]] const Directory& directory() const { return directory_; }
  // As it is published.
  [[nodiscard]] const std::string& text() const { return text_; }
  // What the logs are to say of it. Two documents are the same if their hashes are.
  [[nodiscard]] DirectoryEntry entry() const { return {directory_.epoch, hash_}; }

  // Whether `log`, perhaps of another document, has signed this one.
  // Errors: verification_failed when there is a signature for it that does not hold.
  Result<bool> is_signed_by(const keytrans::LogConfiguration& log) const;

 private:
  using Signatures = std::map<LogId, Bytes>;

  DirectoryDocument(Directory directory, std::string text, const HashValue& hash,
                    Signatures signatures);

  Directory directory_;
  std::string text_;
  HashValue hash_;
  Signatures signatures_;
};

}  // namespace kt::federation
