#include "federation/directory_document.h"

#include <utility>

#include "directory_json.h"
#include "federation/strict_json.h"
#include "json_members.h"
#include "keytrans/base64url.h"
#include "keytrans/codec.h"
#include "keytrans/hash.h"

namespace kt::federation {
namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

constexpr std::string_view kContext = "ktgate directory document";

// The encoded DirectoryDocumentTBS.
Result<Bytes> to_be_signed(const LogId& log, const HashValue& hash) {
  keytrans::Encoder io;
  io.opaque<1>("DirectoryDocumentTBS.context", to_bytes(kContext));
  io.fixed("DirectoryDocumentTBS.log_id", log.hash(), log.hash().size());
  io.fixed("DirectoryDocumentTBS.hash", hash, hash.size());
  return std::move(io).finish();
}

Result<std::map<LogId, Bytes>> read_signatures(const Json& envelope) {
  KT_TRY(const Json* const array,
         find_array(envelope, "signatures", DirectoryDocument::kMaxSignatures));
  std::map<LogId, Bytes> signatures;
  for (const Json& element : *array) {
    KT_TRY(verify_members(element, {"log_id", "signature"}));
    KT_TRY(const LogId log, read_log_id(element, "log_id"));
    KT_TRY(Bytes signature, read_base64url(element, "signature"));
    if (signature.size() != keytrans::kSignatureSize)
      return fail(Errc::malformed, "signature does not have 64 bytes");
    if (!signatures.emplace(log, std::move(signature)).second)
      return fail(Errc::malformed, "log_id is there twice");
  }
  return signatures;
}

}  // namespace

DirectoryDocument::DirectoryDocument(Directory directory, std::string text, const HashValue& hash,
                                     Signatures signatures)
    : directory_(std::move(directory)),
      text_(std::move(text)),
      hash_(hash),
      signatures_(std::move(signatures)) {}

Result<DirectoryDocument> DirectoryDocument::parse(std::string_view text, const Domain& domain) {
  if (text.size() > kMaxSize)
    return fail(Errc::malformed, "it is longer than " + std::to_string(kMaxSize) + " bytes");
  KT_TRY(const Json envelope, parse_json(text));
  KT_TRY(verify_members(envelope, {"payload", "signatures"}));
  KT_TRY(const Bytes payload, read_base64url(envelope, "payload"));
  auto signatures = read_signatures(envelope);
  if (!signatures) return fail_in("signatures", std::move(signatures).error());
  auto directory = parse_directory({reinterpret_cast<const char*>(payload.data()), payload.size()});
  if (!directory) return fail_in("payload", std::move(directory).error());
  if (directory->domain != domain)
    return fail(Errc::verification_failed, "it is the directory of another domain");
  DirectoryDocument document(*std::move(directory), std::string(text), keytrans::sha256(payload),
                             *std::move(signatures));
  for (const DirectoryLog& log : document.directory_.logs) {
    KT_TRY(const bool is_signed, document.is_signed_by(log.configuration));
    if (!is_signed && log.state == LogState::active)
      return fail(Errc::verification_failed, "an active log has not signed it");
  }
  return document;
}

Result<DirectoryDocument> DirectoryDocument::sign(const Directory& directory,
                                                  std::span<const DirectorySigner> signers) {
  KT_TRY(const std::string payload, payload_of(directory));
  std::map<LogId, Bytes> signatures;
  for (const DirectorySigner& signer : signers) {
    KT_TRY(signatures[signer.log], sign_payload(payload, signer));
  }
  return assemble(payload, signatures, directory.domain);
}

Result<std::string> DirectoryDocument::payload_of(const Directory& directory) {
  return format_directory(directory);
}

Result<Directory> DirectoryDocument::read_payload(std::string_view payload) {
  if (payload.size() > kMaxSize) return fail(Errc::malformed, "the payload is too long");
  return parse_directory(payload);
}

Result<Bytes> DirectoryDocument::sign_payload(std::string_view payload,
                                              const DirectorySigner& signer) {
  KT_TRY(const Bytes message, to_be_signed(signer.log, keytrans::sha256(to_bytes(payload))));
  return signer.key->sign(message);
}

Result<DirectoryDocument> DirectoryDocument::assemble(std::string_view payload,
                                                      const std::map<LogId, Bytes>& signatures,
                                                      const Domain& domain) {
  OrderedJson envelope{{"payload", to_base64url(to_bytes(payload))},
                       {"signatures", OrderedJson::array()}};
  for (const auto& [log, signature] : signatures)
    envelope["signatures"].push_back(
        {{"log_id", log.hex()}, {"signature", to_base64url(signature)}});
  return parse(envelope.dump(), domain);
}

Result<bool> DirectoryDocument::is_signed_by(const keytrans::LogConfiguration& log) const {
  const auto found = signatures_.find(log.id());
  if (found == signatures_.end()) return false;
  KT_TRY(const auto key,
         keytrans::VerifyingKey::parse(log.ciphersuite(), log.wire().signature_public_key));
  KT_TRY(const Bytes message, to_be_signed(log.id(), hash_));
  auto verified = key.verify(message, found->second);
  if (!verified) return fail_in("the signature of a log", std::move(verified).error());
  return true;
}

}  // namespace kt::federation
