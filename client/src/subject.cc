#include "subject.h"

#include <algorithm>
#include <variant>

#include "federation/shard.h"

namespace kt::client {
namespace {

using federation::DirectoryLog;
using federation::DirectoryPolicy;
using federation::GradualPolicy;
using federation::ShardedPolicy;
using federation::SinglePolicy;

LogId log_of(const DirectoryPolicy& policy, const Label& label) {
  if (const auto* const single = std::get_if<SinglePolicy>(&policy)) return single->log;
  if (const auto* const gradual = std::get_if<GradualPolicy>(&policy)) return gradual->to;
  return federation::find_shard(std::get<ShardedPolicy>(policy).logs, label);
}

}  // namespace

Result<LogId> named_log(const federation::Directory& directory, const std::string& name) {
  const auto found = std::find_if(
      directory.logs.begin(), directory.logs.end(),
      [&name](const DirectoryLog& log) { return log.alias == name || log.id().hex() == name; });
  if (found == directory.logs.end())
    return fail(Errc::not_found, "the domain has no log of that name");
  if (found->state == federation::LogState::retired)
    return fail(Errc::rejected, "the log has retired");
  return found->id();
}

Result<Subject> find_subject(const KnownDomain& known, const federation::Identity& identity,
                             const std::string& log) {
  KT_TRY(Label label, identity.label(known.current().label_rule));
  if (log.empty()) {
    const DirectoryPolicy& policy = known.current().policy;
    const LogId found = log_of(policy, label);
    Subject subject{known, std::move(label), found};
    if (const auto* const gradual = std::get_if<GradualPolicy>(&policy))
      subject.from = gradual->from;
    return subject;
  }
  KT_TRY(const LogId found, named_log(known.current(), log));
  return Subject{known, std::move(label), found};
}

}  // namespace kt::client
