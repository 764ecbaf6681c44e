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

// The log makes no entry that could be taken for one of its owner's, also after a restart.
TEST_F(MigrationApi, ACompromisedLogIsSealedAtItsFinalHead) {
  Json immediate = order();
  immediate["compromised"] = true;
  done("start", immediate);
  wait_until_done("advance");
  wait_for_phase("draining");
  const Json head = record().at("final_head");
  for (int i = 0; i < 2; ++i) {
    const std::string page = text_of(people().get("/").body);
    EXPECT_NE(page.find("<dt>size</dt>\n<dd>" + head.at("tree_size").get<std::string>() + "</dd>"),
              std::string::npos)
        << page;
    EXPECT_EQ(admin().get("/readyz").status, 200U);
    restart();
    wait_until([this] { return !document().is_null(); }, "there is no document");
  }
  EXPECT_EQ(record().at("final_head"), head);
}

// The document that was published last is kept, so nobody is told to come back.
TEST_F(MigrationApi, ADomainIsAnsweredAtOnceAfterAStart) {
  done("start", order("gradual"));
  wait_for_policy("gradual", "old");
  ASSERT_EQ(update(kAlice, "alice 1", "new"), 200U);
  for (int i = 0; i < 5; ++i) {
    restart();
    const auto found =
        people().post("/kt/v1/lookup", "lookup-request",
                      must(federation::encode(federation::LookupRequest{label_of(kAlice), {}})));
    ASSERT_EQ(found.status, 200U) << text_of(found.body);
    EXPECT_EQ(must(federation::decode<federation::RoutedResponse>(found.body)).answers.size(), 2U);
  }
}

}  // namespace
}  // namespace kt::gateway
