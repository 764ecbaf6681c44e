#include "federation/strict_json.h"

#include <array>
#include <functional>
#include <set>
#include <string>
#include <utility>

namespace kt::federation {
namespace {

using Json = nlohmann::json;

tl::unexpected<Error> malformed(std::string detail) {
  return fail(Errc::malformed, std::move(detail));
}

// What nlohmann's parser does not mind. `depth` is the number of objects and arrays around.
class Watch {
 public:
  bool operator()(int depth, Json::parse_event_t event, const Json& parsed) {
    const auto level = static_cast<std::size_t>(depth);
    switch (event) {
      case Json::parse_event_t::object_start:
        if (is_too_deep(level)) return false;
        names_.at(level).clear();
        return true;
      case Json::parse_event_t::array_start: return !is_too_deep(level);
      case Json::parse_event_t::key:
        if (!too_deep) repeats |= !names_.at(level - 1).insert(parsed.get<std::string>()).second;
        return true;
      default: return true;
    }
  }

  bool too_deep = false;
  bool repeats = false;

 private:
  bool is_too_deep(std::size_t level) {
    too_deep |= level >= kMaxJsonDepth;
    return too_deep;
  }

  std::array<std::set<std::string>, kMaxJsonDepth> names_;  // of the object open at each depth
};

}  // namespace

// What nlohmann says of an error quotes the text, so only the place is kept.
Result<nlohmann::json> parse_json(std::string_view text) {
  Watch watch;
  try {
    Json json = Json::parse(text, std::ref(watch));
    if (watch.too_deep) return malformed("it is nested too deeply");
    if (watch.repeats) return malformed("a member is there twice");
    return json;
  } catch (const Json::parse_error& error) {
    return malformed("it is not JSON, at byte " + std::to_string(error.byte));
  } catch (const Json::exception&) {
    return malformed("it has a number that is too large");
  }
}

}  // namespace kt::federation
