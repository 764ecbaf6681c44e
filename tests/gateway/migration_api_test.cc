// Migrations as an operator orders them at the admin listener: what is done, what is refused, and
// that nothing has changed then.
#include "federation/final_head.h"
#include "migrating_gateway.h"

namespace kt::gateway {
namespace {

using Json = nlohmann::json;

constexpr const char* kAlice = "alice@example.com";

class MigrationApi : public MigratingGateway {
 protected:
  void SetUp() override {
    create("old");
    create("new");
    import("old", line_of(kAlice, 0, "alice 0") + line_of("bob@example.com", 0, "bob 0"));
    serve(configuration("admin.socket", log("old") + log("new") + domain("example.com", "old")));
    wait_until([this] { return !document().is_null(); }, "there is no document");
  }
  static Json order(const std::string& mode = "immediate") {
    return {{"to", "new"}, {"mode", mode}};
  }
};

TEST_F(MigrationApi, ACompromisedLogIsLeftAtOnce) {
  Json gradual = order("gradual");
  gradual["compromised"] = true;
  expect_refused("start", gradual, "a gradual migration trusts the old log");
  expect_refused("plan", gradual, "a gradual migration trusts the old log");
  gradual["compromised"] = "yes";
  expect_refused("start", gradual, "compromised is neither true nor false", 400);

  Json immediate = order();
  immediate["compromised"] = true;
  EXPECT_EQ(done("start", immediate).at("is_compromised"), true);
  // It is a part of what was ordered.
  expect_refused("start", order(), "already, and otherwise");
  wait_until_done("advance");
  wait_for_phase("draining");
  wait_for_policy("single", "new");
  const auto logged = must(federation::FinalHead::decode(
      value_in("new", federation::final_head_label(log_configuration("old").id()))));
  EXPECT_TRUE(logged.is_compromised);
  const Json head = record().at("final_head");
  EXPECT_EQ(head.at("tree_size"), std::to_string(logged.tree_size.value()));
  EXPECT_EQ(head.at("root"), to_hex(logged.root));
}

}  // namespace
}  // namespace kt::gateway
