#include "routing/routing_table.h"

#include <utility>

#include <gtest/gtest.h>

#include "names.h"

namespace kt::routing {
namespace {

// Two domains: example.com with one log, example.org with two and another label rule.
std::vector<DomainRouting> two_domains() {
  std::vector<DomainRouting> domains;
  domains.push_back(
      {domain_of("example.com"), federation::LabelRule::bytes, make_single(log_of(9))});
  domains.push_back({domain_of("example.org"), federation::LabelRule::ascii_lower,
                     must(make_sharded({log_of(1), log_of(2)}))});
  return domains;
}

const std::set<LogId> kKnownLogs{log_of(1), log_of(2), log_of(9)};

RoutingTable make_table() {
  return must(RoutingTable::create(two_domains(), domain_of("example.com"), kKnownLogs));
}

Errc code_of(const auto& result) {
  EXPECT_FALSE(result.has_value());
  return result ? Errc::unavailable : result.error().code;
}

TEST(RoutingTable, ResolvesByTheRuleOfTheDomain) {
  const RoutingTable table = make_table();
  EXPECT_EQ(must(table.resolve("Alice@Example.com")),
            (ResolvedIdentity{domain_of("example.com"), label_of("Alice@example.com")}));
  EXPECT_EQ(must(table.resolve("@Alice:Example.org")),
            (ResolvedIdentity{domain_of("example.org"), label_of("alice@example.org")}));
  EXPECT_EQ(must(table.resolve("tel:+1-201-555-0123")),
            (ResolvedIdentity{domain_of("example.com"), label_of("tel:+12015550123")}));
}

TEST(RoutingTable, RoutesByThePolicyOfTheDomain) {
  const RoutingTable table = make_table();
  const auto route = [&](std::string_view domain, std::string_view label) {
    return must(table.route(Operation::search, domain_of(domain), label_of(label)));
  };
  EXPECT_EQ(route("example.com", "carol@example.com"), (Route{{log_of(9), Role::authority}}));
  EXPECT_EQ(route("example.org", "carol@example.com"), (Route{{log_of(1), Role::authority}}));
  EXPECT_EQ(route("example.org", "alice@example.com"), (Route{{log_of(1), Role::authority}}));
  EXPECT_EQ(route("example.org", "bob@example.com"), (Route{{log_of(2), Role::authority}}));
}

TEST(RoutingTable, KnowsItsOwnDomainsOnly) {
  const RoutingTable table = make_table();
  EXPECT_EQ(code_of(table.resolve("alice@example.net")), Errc::not_found);
  EXPECT_EQ(code_of(table.route(Operation::search, domain_of("example.net"), label_of("a"))),
            Errc::not_found);
}

TEST(RoutingTable, RefusesWhatIsNoIdentityOfAUser) {
  const RoutingTable table = make_table();
  EXPECT_EQ(code_of(table.resolve("alice")), Errc::malformed);
  EXPECT_EQ(code_of(table.resolve("kt:directory")), Errc::rejected);
  for (const Operation operation : {Operation::search, Operation::update, Operation::monitor})
    EXPECT_EQ(code_of(table.route(operation, domain_of("example.com"), label_of("kt:directory"))),
              Errc::rejected);
}

TEST(RoutingTable, IsMadeOfWhatFitsTogetherOnly) {
  auto twice = two_domains();
  twice.push_back({domain_of("Example.COM"), federation::LabelRule::bytes, make_single(log_of(9))});
  EXPECT_EQ(code_of(RoutingTable::create(std::move(twice), std::nullopt, kKnownLogs)),
            Errc::rejected);
  EXPECT_EQ(code_of(RoutingTable::create(two_domains(), domain_of("example.net"), kKnownLogs)),
            Errc::rejected);
  EXPECT_EQ(code_of(RoutingTable::create(two_domains(), std::nullopt, {log_of(1), log_of(9)})),
            Errc::rejected);
  EXPECT_TRUE(RoutingTable::create({}, std::nullopt, {}).has_value());
}

TEST(RoutingTable, WithoutADefaultDomainEveryIdentityNamesOne) {
  const RoutingTable table = must(RoutingTable::create(two_domains(), std::nullopt, kKnownLogs));
  EXPECT_EQ(code_of(table.resolve("tel:+12015550123")), Errc::rejected);
}

}  // namespace
}  // namespace kt::routing
