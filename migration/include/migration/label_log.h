// A log, as far as moving labels needs one: the greatest version of a label, and the next one added
// if nobody else was faster.
//
// What the log says is not verified here. A gateway believes a log about where its labels are;
// users verify all of it.
//
// Thread rule: that of routing/log_service.h.
#pragma once

#include <memory>
#include <optional>

#include "keytrans/log_configuration.h"
#include "routing/log_service.h"

namespace kt::migration {

struct GreatestVersion {
  Version version;
  Bytes value;
};

class LabelLog {
 public:
  LabelLog() = default;
  LabelLog(const LabelLog&) = delete;
  LabelLog& operator=(const LabelLog&) = delete;
  virtual ~LabelLog() = default;  // while nothing is awaited

  // Nothing when the log does not have the label. Errors: those of LogService::ask() that are not
  // about the request; corrupt when what the log answers does not parse.
  virtual boost::asio::awaitable<Result<std::optional<GreatestVersion>>> read(Label label) = 0;

  // Adds `value` if `known` is still the greatest version: the protocol's own compare-and-set.
  // Result: whether it was added, durably. Errors: those of read(); after unavailable it may have
  // been added.
  virtual boost::asio::awaitable<Result<bool>> add(Label label, std::optional<Version> known,
                                                   Bytes value) = 0;
};

// `service`, which is of the log with this configuration. Borrows `service`.
[[nodiscard]] std::unique_ptr<LabelLog> make_label_log(
    routing::LogService& service, const keytrans::LogConfiguration& configuration);

// The value that a log's answer to a search for the greatest version has. Errors: corrupt.
Result<GreatestVersion> greatest_in(ByteView response,
                                    const keytrans::LogConfiguration& configuration);

}  // namespace kt::migration
