// The log tree: every node, root and signature computed again from the entries.
#include <map>

#include "fsck_run.h"
#include "keytrans/codec.h"
#include "store/head_file.h"

namespace kt::log {
namespace {

using keytrans::Subtree;

std::string entry_name(std::uint64_t index) { return "entry " + std::to_string(index); }

std::string entries_name(std::uint64_t first, std::uint64_t last) {
  if (first == last) return entry_name(first);
  return "entries " + std::to_string(first) + " to " + std::to_string(last);
}

std::string node_name(Subtree node) {
  return "log tree node of " + entries_name(node.start, node.end() - 1);
}

// The log tree as it grows, entry by entry. A value that cannot be computed, for an entry is lost,
// is taken from the stored nodes, so that one fault does not hide others.
class GrowingTree {
 public:
  explicit GrowingTree(FsckRun& run) : run_(run) {}

  [[nodiscard]] std::uint64_t size() const { return size_; }

  // Appends an entry's leaf, and compares the nodes it completes. Errors: unavailable.
  Result<void> append(const std::optional<HashValue>& leaf) {
    Head head{Subtree{size_, 0}, leaf};
    for (std::uint64_t rest = size_; (rest & 1U) != 0; rest >>= 1U) {
      const Head& left = heads_.back();
      std::optional<HashValue> computed;
      if (left.value && head.value)
        computed = keytrans::log_parent(*left.value, left.node.is_leaf(), *head.value,
                                        head.node.is_leaf());
      const Subtree parent{left.node.start, static_cast<std::uint8_t>(left.node.level + 1)};
      KT_TRY(const auto stored, stored_node(parent));
      if (computed && stored && *computed != *stored)
        run_.fault(node_name(parent), "it is not what the entries give");
      head = {parent, computed ? computed : stored};
      heads_.pop_back();
    }
    heads_.push_back(head);
    ++size_;
    return {};
  }

  // Goes on at `size` without the entries before it. Errors: unavailable.
  Result<void> skip_to(std::uint64_t size) {
    std::vector<Head> heads;
    for (const Subtree& node : keytrans::full_subtrees(TreeSize{size})) {
      std::optional<HashValue> value;
      for (const Head& head : heads_) {
        if (head.node == node) value = head.value;
      }
      if (!value && !node.is_leaf()) {
        KT_TRY(value, stored_node(node));
      }
      heads.push_back({node, value});
    }
    heads_ = std::move(heads);
    size_ = size;
    return {};
  }

  // Left to right; nothing for those that neither entries nor nodes tell.
  [[nodiscard]] std::vector<std::optional<HashValue>> full_subtrees() const {
    std::vector<std::optional<HashValue>> values;
    for (const Head& head : heads_) values.push_back(head.value);
    return values;
  }

  [[nodiscard]] std::optional<HashValue> root() const {
    std::vector<HashValue> values;
    for (const Head& head : heads_) {
      if (!head.value) return std::nullopt;
      values.push_back(*head.value);
    }
    if (values.empty()) return std::nullopt;
    return keytrans::log_root(TreeSize{size_}, values);
  }

 private:
  struct Head {
    Subtree node;
    std::optional<HashValue> value;
  };

  // A node that is damaged is nothing: the check of the table says so.
  Result<std::optional<HashValue>> stored_node(Subtree node) {
    const auto bytes = run_.snapshot().value(run_.log().tables.nodes, node_key(node));
    if (!bytes && bytes.error().code != Errc::corrupt) return tl::unexpected<Error>(bytes.error());
    if (!bytes) return std::optional<HashValue>();
    if (!*bytes) {
      run_.fault(node_name(node), "it is missing");
      return std::optional<HashValue>();
    }
    const auto value = decode_record<HashValue>(**bytes);
    return value ? std::optional<HashValue>(*value) : std::nullopt;
  }

  FsckRun& run_;
  std::uint64_t size_ = 0;
  std::vector<Head> heads_;
};

class LogTreeCheck {
 public:
  explicit LogTreeCheck(FsckRun& run) : run_(run), tree_(run) {}

  Result<void> check() {
    if (state().auditor_tree_head) wanted(state().auditor_tree_head->tree_size);
    const auto file = store::HeadFile::open(run_.log().files.head_file());
    if (!file && file.error().code == Errc::unavailable) return tl::unexpected<Error>(file.error());
    if (file) wanted(file->highest().head.tree_size);

    const std::uint64_t size = state().size().value();
    KT_TRY(run_.visit(run_.log().tables.entries, "entries",
                      [this](const FoundRecord& record) { return check_entry(record); }));
    KT_TRY(skip_missing(size));
    check_state();
    check_auditor_head();
    if (file) {
      check_highest_head(file->highest());
    } else {
      run_.fault("head file", file.error().detail);
    }
    return run_.visit(run_.log().tables.nodes, "nodes", [this](const FoundRecord& record) {
      check_node(record);
      return Result<void>();
    });
  }

 private:
  // What is known where a signed head ends.
  struct Ending {
    std::optional<HashValue> root;
    std::optional<Timestamp> timestamp;  // of the last entry
  };

  [[nodiscard]] const State& state() const { return run_.log().state; }

  void wanted(TreeSize size) { endings_.try_emplace(size.value()); }

  void note_ending(std::optional<Timestamp> timestamp) {
    const auto ending = endings_.find(tree_.size());
    if (ending != endings_.end()) ending->second = {tree_.root(), timestamp};
  }

  Result<void> skip_missing(std::uint64_t next) {
    if (tree_.size() >= next) return {};
    run_.fault(entries_name(tree_.size(), next - 1), "missing");
    KT_TRY(tree_.skip_to(next));
    note_ending(std::nullopt);
    return {};
  }

  Result<void> check_entry(const FoundRecord& record) {
    ++run_.report.entries;
    const auto index = parse_number_key(record.key);
    if (!index) {
      run_.fault("entries record " + std::to_string(record.number), "its key is not a number");
      return {};
    }
    const std::string name = entry_name(*index);
    if (*index >= state().size().value()) {
      run_.fault(name, "it is beyond the end of the log");
      return {};
    }
    KT_TRY(skip_missing(*index));
    const auto entry = run_.decode<StoredEntry>(name, record.value);
    if (!entry) {
      KT_TRY(tree_.append(std::nullopt));
      note_ending(std::nullopt);
      return {};
    }
    if (last_ && entry->timestamp < last_->timestamp)
      run_.fault(name, "its timestamp is before that of an earlier entry");
    if (*index == 0 && entry->timestamp != state().first_timestamp)
      run_.fault("state", "its first timestamp is not that of entry 0");
    KT_TRY(tree_.append(keytrans::log_leaf_value(entry->timestamp, entry->prefix_tree.hash)));
    note_ending(entry->timestamp);
    last_ = entry;
    is_last_known_ = size_through(EntryIndex{*index}) == state().size();
    return {};
  }

  void check_state() {
    if (state().size() == TreeSize{0}) return;
    if (is_last_known_ && state().timestamp != last_->timestamp)
      run_.fault("state", "its timestamp is not that of the last entry");
    if (is_last_known_ && state().prefix_tree != last_->prefix_tree)
      run_.fault("state", "its prefix tree is not that of the last entry");
    const auto computed = tree_.full_subtrees();
    const auto& stored = state().full_subtrees;
    KT_ASSERT(computed.size() == stored.size());  // which opening the log has compared
    for (std::size_t i = 0; i < computed.size(); ++i) {
      if (computed[i] && *computed[i] != stored[i])
        run_.fault("state",
                   "its full subtree " + std::to_string(i) + " is not what the entries give");
    }
    if (const auto root = tree_.root())
      check_signature("signed tree head",
                      run_.log().configuration.verify_tree_head(state().tree_head, *root));
  }

  void check_signature(const std::string& record, const Result<void>& verified) {
    if (!verified) run_.fault(record, verified.error().detail);
  }

  void check_auditor_head() {
    const auto& head = state().auditor_tree_head;
    if (!head) return;
    const std::string name = "auditor's tree head";
    if (run_.log().configuration.mode() != keytrans::DeploymentMode::thirdPartyAuditing) {
      run_.fault(name, "the log has no auditor");
    } else if (head->tree_size == TreeSize{0} || head->tree_size > state().size()) {
      run_.fault(name, "its size is not one that the log had");
    } else {
      const Ending& ending = endings_.at(head->tree_size.value());
      if (ending.timestamp && head->timestamp != *ending.timestamp)
        run_.fault(name, "its timestamp is not that of its last entry");
      if (ending.root)
        check_signature(name,
                        run_.log().configuration.verify_auditor_tree_head(*head, *ending.root));
    }
  }

  void check_highest_head(const store::SignedHead& highest) {
    const TreeSize size = highest.head.tree_size;
    if (size == TreeSize{0}) return;
    if (size > state().size()) {
      run_.fault("head file", "a head of " + std::to_string(size.value()) +
                                  " was signed, so the database is an old copy");
    } else if (const auto& root = endings_.at(size.value()).root; root && *root != highest.root) {
      run_.fault("head file", "its root is not what the entries give");
    }
    check_signature("head file",
                    run_.log().configuration.verify_tree_head(highest.head, highest.root));
  }

  // The nodes that there have to be were compared; this finds those that must not be.
  void check_node(const FoundRecord& record) {
    ++run_.report.log_nodes;
    Subtree node;
    keytrans::Decoder io(record.key);
    io.number("level", node.level);
    io.number("start", node.start);
    const std::uint64_t size = state().size().value();
    const bool is_node = std::move(io).finish() && node.level > 0 && node.level < 64 &&
                         (node.start & ((std::uint64_t{1} << node.level) - 1)) == 0;
    if (!is_node) {
      run_.fault("nodes record " + std::to_string(record.number), "its key is not that of a node");
    } else if (node.end() <= node.start || node.end() > size) {
      run_.fault("log tree node of entries from " + std::to_string(node.start) + ", level " +
                     std::to_string(node.level),
                 "it is beyond the end of the log");
    } else {
      run_.decode<HashValue>(node_name(node), record.value);
    }
  }

  FsckRun& run_;
  GrowingTree tree_;
  std::map<std::uint64_t, Ending> endings_;  // by size
  std::optional<StoredEntry> last_;          // that could be read
  bool is_last_known_ = false;               // whether that is the log's last one
};

}  // namespace

Result<void> check_log_tree(FsckRun& run) { return LogTreeCheck(run).check(); }

}  // namespace kt::log
