#include "log/fsck.h"

#include <algorithm>
#include <array>

#include "fsck_run.h"
#include "keytrans/key_file.h"

namespace kt::log {
namespace {

// The tables of which every record has a check of its own.
constexpr std::array kCheckedTables{"entries", "nodes",  "prefix",   "versions", "values",
                                    "audit",   "erased", "erasures", "leaving",  "pseudonyms"};

struct OtherTable {
  std::string name;
  store::Table table;
};

// The tables that remain: state and configuration, which were decoded when the log was opened, and
// any that this program does not know. Their checksums are what can be checked.
Result<std::vector<OtherTable>> other_tables(const ClosedLog& log) {
  const std::string space = log.configuration.id().hex();
  KT_TRY(const auto names, log.store->tables());
  std::vector<OtherTable> others;
  for (const store::TableName& name : names) {
    const bool is_checked =
        name.space == space &&
        std::find(kCheckedTables.begin(), kCheckedTables.end(), name.name) != kCheckedTables.end();
    if (is_checked) continue;
    KT_TRY(const store::Table table, log.store->table(name.space, name.name));
    others.push_back({name.space == space ? name.name : name.space + "." + name.name, table});
  }
  return others;
}

Result<std::uint64_t> count_records(const ClosedLog& log, const std::vector<OtherTable>& others) {
  const Tables& tables = log.tables;
  std::vector<store::Table> all{tables.entries, tables.nodes,     tables.prefix, tables.versions,
                                tables.values,  tables.audit,     tables.erased, tables.erasures,
                                tables.leaving, tables.pseudonyms};
  for (const OtherTable& other : others) all.push_back(other.table);
  KT_TRY(const auto snapshot, log.store->snapshot());
  std::uint64_t records = 0;
  for (const store::Table table : all) {
    KT_TRY(const std::uint64_t count, snapshot->count(table));
    records += count;
  }
  return records;
}

}  // namespace

Result<FsckReport> fsck(const std::filesystem::path& directory, const FsckOptions& options,
                        const FsckProgress& progress) {
  KT_TRY(const ClosedLog log, open_closed_log(directory));
  std::optional<keytrans::VrfPrivateKey> vrf_key;
  if (options.vrfs) {
    const keytrans::Configuration& wire = log.configuration.wire();
    KT_TRY(vrf_key, keytrans::load_key<keytrans::VrfPrivateKey>(
                        log.files.vrf_key(), wire.ciphersuite, wire.vrf_public_key));
  }
  FsckRun run(log, options, progress);
  run.report.vrfs = options.vrfs;
  run.report.tree_size = log.state.size();
  KT_TRY(const auto others, other_tables(log));
  KT_TRY(const std::uint64_t records, count_records(log, others));
  run.expect(records);

  for (const OtherTable& other : others) {
    KT_TRY(run.visit(other.table, other.name, [&](const FoundRecord& record) -> Result<void> {
      if (!record.value)
        run.fault(other.name + " record " + std::to_string(record.number),
                  record.value.error().detail);
      return {};
    }));
  }
  KT_TRY(check_log_tree(run));
  KT_TRY(check_prefix_tree(run));
  KT_TRY(check_versions(run, vrf_key ? &*vrf_key : nullptr));
  KT_TRY(check_values(run));
  KT_TRY(check_erasures(run));
  KT_TRY(check_auditor_updates(run));
  return std::move(run.report);
}

}  // namespace kt::log
