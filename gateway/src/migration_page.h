// What both logs of a migration say of some labels, for somebody who verifies it. Internal.
//
// Thread rule: pure functions; the page is made by asking the logs, which blocks.
#pragma once

#include <nlohmann/json.hpp>

#include "hosting.h"

namespace kt::gateway {

// The members of one label in a page, each a SearchResponse in base64url: of the greatest version
// in the old log, of the one before it where one of the two may be a tombstone, of the greatest in
// the new log, and of the first one there.
inline constexpr const char* kPageLabel = "label";
inline constexpr const char* kPageFrom = "from";
inline constexpr const char* kPageFromBefore = "from_before";
inline constexpr const char* kPageTo = "to";
inline constexpr const char* kPageToFirst = "to_first";

// In the last page, when labels have moved: a ConsistencyResponse of the old log, for `from_last`
// and the size of the final head.
inline constexpr const char* kPageFinalHeadProof = "final_head_proof";

inline constexpr std::size_t kPageLabels = 24;

// Where a page begins, and what its reader knows of the logs.
struct PageRequest {
  std::optional<Label> after;
  std::optional<TreeSize> from_last;
  std::optional<TreeSize> to_last;
};

// Errors: malformed.
Result<PageRequest> parse_page_request(ByteView body);
[[nodiscard]] nlohmann::json format_page_request(const PageRequest& request);

// Labels of users after `after`, with the configurations of both logs, and the search for the final
// head. Blocking. Errors: those of the logs.
Result<nlohmann::ordered_json> make_page(const HostedMigration& migration,
                                         const PageRequest& request);

}  // namespace kt::gateway
