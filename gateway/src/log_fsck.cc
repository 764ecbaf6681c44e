#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "commands.h"
#include "log/fsck.h"
#include "program/progress.h"

namespace kt::gateway {
namespace {

using log::FsckReport;

struct CheckOptions {
  std::filesystem::path directory;
  bool no_vrf = false;
  bool json = false;
};

constexpr const char* kHelp =
    "Checks a log that is not running: computes every root, VRF and commitment again from the\n"
    "stored records and compares. Changes nothing.";

constexpr const char* kFooter =
    "Goes on after a fault, and prints up to 100 of them; all are counted. A fault names a record "
    "by\n"
    "its table and number, never by a label. What was pruned or erased is not missed. Exit code 0\n"
    "means that there is no fault, 1 that there is one or that the log could not be checked.\n"
    "With faults, put the newest backup that has none into DIR/database, and see ktgate log "
    "recover\n"
    "--help if the log is refused then.\n\n"
    "Example:\n"
    "  ktgate log fsck /var/lib/ktgate/example.log";

// What was looked at, by the name it has in JSON and the one it has for people.
struct Count {
  const char* key;
  const char* name;
  std::uint64_t value;
};

std::array<Count, 13> counts_of(const FsckReport& report) {
  return {{{"entries", "entries", report.entries},
           {"log_nodes", "log tree nodes", report.log_nodes},
           {"prefix_chunks", "prefix tree chunks", report.prefix_chunks},
           {"prefix_nodes", "prefix tree nodes", report.prefix_nodes},
           {"labels", "labels", report.labels},
           {"versions", "versions", report.versions},
           {"ladder_versions", "ladder versions", report.ladder_versions},
           {"values", "values", report.values},
           {"versions_without_value", "without value", report.versions_without_value},
           {"auditor_updates", "auditor updates", report.auditor_updates},
           {"erased_labels", "erased labels", report.erased_labels},
           {"leaving_leaves", "leaving leaves", report.leaving_leaves},
           {"pseudonyms", "pseudonyms", report.pseudonyms}}};
}

void print_json(const FsckReport& report) {
  using Json = nlohmann::ordered_json;
  Json checked;
  for (const Count& count : counts_of(report)) checked[count.key] = count.value;
  const Json json{{"clean", report.is_clean()},     {"fault_count", report.fault_count},
                  {"faults", report.faults},        {"tree_size", report.tree_size.value()},
                  {"vrfs_recomputed", report.vrfs}, {"checked", checked}};
  std::printf("%s\n", json.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
}

void print(const FsckReport& report) {
  for (const std::string& fault : report.faults) std::printf("fault: %s\n", fault.c_str());
  if (report.fault_count > report.faults.size())
    std::printf("and %llu more faults\n",
                static_cast<unsigned long long>(report.fault_count - report.faults.size()));
  for (const Count& count : counts_of(report))
    std::printf("%-18s %llu\n", count.name, static_cast<unsigned long long>(count.value));
  std::printf("%-18s %s\n", "VRFs", report.vrfs ? "computed again" : "believed (--no-vrf)");
  if (report.is_clean())
    std::printf("no faults in the log of tree size %llu\n",
                static_cast<unsigned long long>(report.tree_size.value()));
}

Result<FsckReport> check(const CheckOptions& options) {
  std::optional<program::Progress> progress;
  return log::fsck(options.directory, {.vrfs = !options.no_vrf},
                   [&progress](std::uint64_t done, std::uint64_t total) {
                     if (!progress) progress.emplace("ktgate log fsck", total, "records");
                     progress->show(done, done);
                   });
}

Result<int> run_fsck(const CheckOptions& options) {
  KT_TRY(const FsckReport report, check(options));
  if (options.json) {
    print_json(report);
  } else {
    print(report);
  }
  if (report.is_clean()) return program::kDone;
  return fail(Errc::corrupt, report.fault_count == 1
                                 ? "1 fault was found"
                                 : std::to_string(report.fault_count) + " faults were found");
}

}  // namespace

void add_log_fsck(const program::Command& group) {
  const auto options = std::make_shared<CheckOptions>();
  const program::Command command = group.add_command("fsck", kHelp);
  command.set_footer(kFooter);
  command.add_path("DIR", options->directory, "The log's directory").required();
  command.add_flag("--no-vrf", options->no_vrf,
                   "Believe the stored VRFs, which takes a fraction of the time and needs no "
                   "private key");
  command.add_flag("--json", options->json, "Print JSON");
  command.runs([options] { return run_fsck(*options); });
}

}  // namespace kt::gateway
