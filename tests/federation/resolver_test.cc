#include "federation/resolver.h"

#include <set>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "dns_server.h"
#include "must.h"

namespace kt::federation {
namespace {

using std::chrono::milliseconds;

constexpr std::uint16_t kCutOff = kDnsResponse | kDnsTruncated;

class Asker {
 public:
  explicit Asker(ResolverOptions options)
      : resolver_(must(Resolver::create(context_.get_executor(), std::move(options)))) {}

  // All of them at a time.
  std::vector<Result<DnsAnswer>> ask_all(const std::vector<std::string>& names, DnsType type,
                                         milliseconds time) {
    std::vector<std::future<Result<DnsAnswer>>> asked;
    for (const std::string& name : names)
      asked.push_back(boost::asio::co_spawn(
          context_, resolver_->ask(name, type, std::chrono::steady_clock::now() + time),
          boost::asio::use_future));
    context_.restart();
    context_.run();
    std::vector<Result<DnsAnswer>> answers;
    for (auto& each : asked) answers.push_back(each.get());
    return answers;
  }
  Result<DnsAnswer> ask(const std::string& name = "kt.example.net", DnsType type = DnsType::A,
                        milliseconds time = milliseconds(10'000)) {
    return ask_all({name}, type, time).at(0);
  }

 private:
  boost::asio::io_context context_;
  std::unique_ptr<Resolver> resolver_;
};

ResolverOptions asking(std::initializer_list<const DnsServer*> servers,
                       milliseconds patience = milliseconds(2'000)) {
  ResolverOptions options;
  for (const DnsServer* const server : servers) options.servers.push_back(server->endpoint());
  options.patience = patience;
  return options;
}

DnsServer::Script knowing(DnsZone zone) {
  return [zone = std::move(zone)](const DnsAsked& asked) { return zone.answer(asked); };
}

const DnsZone kZone{
    {a_record("kt.example.net", {192, 0, 2, 1}), txt_record("_kt.example.net", "v=KT1; id=1")}};

Errc refusal(const Result<DnsAnswer>& answer) {
  EXPECT_FALSE(answer.has_value());
  return answer ? Errc::corrupt : answer.error().code;
}

TEST(Resolver, AsksForAddressesAndTexts) {
  const DnsServer server(knowing(kZone));
  Asker asker(asking({&server}));
  EXPECT_EQ(must(asker.ask()).addresses.at(0).to_string(), "192.0.2.1");
  EXPECT_EQ(must(asker.ask("_kt.example.net", DnsType::TXT)).texts.at(0), "v=KT1; id=1");
  const DnsAnswer nothing = must(asker.ask("other.example.net"));
  EXPECT_TRUE(nothing.addresses.empty());
  EXPECT_EQ(nothing.ttl, std::chrono::seconds(60));
}

TEST(Resolver, NobodyCanGuessWhatAnAnswerHasToRepeat) {
  const DnsServer server(knowing(kZone));
  Asker asker(asking({&server}));
  for (int i = 0; i < 16; ++i) must(asker.ask());
  std::set<std::uint16_t> ids;
  std::set<std::uint16_t> ports;
  std::set<std::string> names;
  for (const DnsAsked& asked : server.asked()) {
    ids.insert(asked.id);
    ports.insert(asked.port);
    names.insert(asked.name);
    EXPECT_EQ(asked.small_name, "kt.example.net");
    EXPECT_EQ(asked.flags, 0x0120);  // recursion desired, AD
  }
  EXPECT_GT(ids.size(), 12U);
  EXPECT_GT(ports.size(), 1U);
  EXPECT_GT(names.size(), 12U);
}

TEST(Resolver, SaysWhatTheServerHasValidated) {
  DnsZone zone = kZone;
  zone.flags |= kDnsAuthentic;
  const DnsServer server(knowing(zone));
  EXPECT_TRUE(must(Asker(asking({&server})).ask()).is_authentic);
}

TEST(Resolver, WhatIsTooLongComesOverTcp) {
  DnsZone zone;
  for (std::uint8_t i = 0; i < 100; ++i)
    zone.records.push_back(a_record("kt.example.net", {192, 0, 2, i}));
  const DnsServer server([&zone](const DnsAsked& asked) {
    if (asked.is_tcp) return zone.answer(asked);
    return dns_message(asked.id, asked.name, asked.type, {kCutOff, {}, {}, {}});
  });
  EXPECT_EQ(must(Asker(asking({&server})).ask()).addresses.size(), 100U);
  EXPECT_TRUE(server.asked().back().is_tcp);
}

// Each is a lie, or no answer, that must not become "there is nothing".
TEST(Resolver, WhatDoesNotHoldIsNoAnswer) {
  using Change = std::function<Bytes(const DnsAsked&)>;
  const auto with = [](const DnsReply& reply) -> Change {
    return [reply](const DnsAsked& asked) {
      return dns_message(asked.id, asked.name, asked.type, reply);
    };
  };
  DnsReply failed;
  failed.flags |= kDnsServerFailure;
  DnsReply refused;
  refused.flags |= 5;
  DnsReply looping;
  looping.answers = {cname_record("kt.example.net", "kt.example.net")};
  DnsReply without_zone;
  without_zone.flags |= kDnsNoSuchName;
  DnsReply with_rest;
  with_rest.more = {0};
  DnsReply too_large;  // over TCP, as it does not fit into a datagram that is taken
  too_large.answers.assign(200, txt_record("kt.example.net", std::string(255, 'a')));
  const Change other_case = [](const DnsAsked& asked) {
    std::string name = asked.name;
    name[0] = static_cast<char>(name[0] ^ 0x20);
    return dns_message(asked.id, name, asked.type, kZone.reply(asked));
  };
  for (const Change& change : {with(failed), with(refused), with(looping), with(without_zone),
                               with(with_rest), with(too_large), other_case}) {
    const DnsServer server([&](const DnsAsked& asked) { return change(asked); });
    EXPECT_EQ(refusal(Asker(asking({&server})).ask()), Errc::unavailable);
  }
}

// Not even looked at, so that the right answer may come still: here it does not.
TEST(Resolver, AnswersToSomethingElseAreNotWaitedFor) {
  using Change = std::function<Bytes(const DnsAsked&)>;
  const Change other_id = [](const DnsAsked& asked) {
    return dns_message(static_cast<std::uint16_t>(asked.id + 1), asked.name, asked.type,
                       kZone.reply(asked));
  };
  const Change other_name = [](const DnsAsked& asked) {
    return dns_message(asked.id, "kt.example.org", asked.type, kZone.reply(asked));
  };
  const Change too_short = [](const DnsAsked&) { return Bytes{1, 2, 3}; };
  for (const Change& change : {other_id, other_name, too_short}) {
    const DnsServer server([&](const DnsAsked& asked) { return change(asked); });
    EXPECT_EQ(refusal(Asker(asking({&server}, milliseconds(50))).ask()), Errc::unavailable);
  }
}

TEST(Resolver, AnotherServerIsAskedWhenOneCannotAnswer) {
  const DnsServer silent([](const DnsAsked&) { return std::nullopt; });
  const DnsServer broken([](const DnsAsked& asked) {
    return dns_message(asked.id, asked.name, asked.type, {kDnsResponse | kDnsServerFailure});
  });
  const DnsServer whole(knowing(kZone));
  Asker asker(asking({&silent, &broken, &whole}, milliseconds(20)));
  EXPECT_EQ(must(asker.ask()).addresses.size(), 1U);
  EXPECT_EQ(silent.asked().size(), 2U);
}

TEST(Resolver, WaitsUntilTheDeadlineAtMost) {
  const DnsServer silent([](const DnsAsked&) { return std::nullopt; });
  const auto begin = std::chrono::steady_clock::now();
  Asker asker(asking({&silent, &silent}, milliseconds(60'000)));
  EXPECT_EQ(refusal(asker.ask("kt.example.net", DnsType::A, milliseconds(50))), Errc::unavailable);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(Resolver, AServerThatIsNotThereIsUnavailable) {
  ResolverOptions options;
  {
    const DnsServer gone(knowing(kZone));
    options = asking({&gone}, milliseconds(20));
  }
  EXPECT_EQ(refusal(Asker(options).ask()), Errc::unavailable);
}

TEST(Resolver, AsksAsMuchAtATimeAsItMay) {
  const DnsServer server(knowing(kZone));
  ResolverOptions options = asking({&server});
  options.questions = 2;
  Asker asker(options);
  const auto answers = asker.ask_all({"kt.example.net", "kt.example.net", "kt.example.net"},
                                     DnsType::A, milliseconds(10'000));
  EXPECT_TRUE(answers.at(0).has_value() && answers.at(1).has_value());
  EXPECT_EQ(refusal(answers.at(2)), Errc::unavailable);
  EXPECT_TRUE(asker.ask().has_value());
}

TEST(Resolver, WhatIsNoNameIsNotAsked) {
  const DnsServer server(knowing(kZone));
  Asker asker(asking({&server}));
  for (const char* const none : {"", ".", "a b.example", "kt..example", "a\\046b.example"})
    EXPECT_EQ(refusal(asker.ask(none)), Errc::malformed) << none;
  EXPECT_TRUE(server.asked().empty());
}

TEST(NameServer, IsAnAddressAndPerhapsAPort) {
  const auto text = [](const char* server) {
    const auto endpoint = must(parse_name_server(server));
    return endpoint.address().to_string() + " " + std::to_string(endpoint.port());
  };
  EXPECT_EQ(text("127.0.0.1"), "127.0.0.1 53");
  EXPECT_EQ(text("127.0.0.1:5353"), "127.0.0.1 5353");
  EXPECT_EQ(text("::1"), "::1 53");
  EXPECT_EQ(text("[::1]:5353"), "::1 5353");
  for (const char* const none : {"", "localhost", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536",
                                 "127.0.0.1:53x", "[::1]", "[::1", "[::1]53", "::1:", ":53"})
    EXPECT_FALSE(parse_name_server(none).has_value()) << none;
}

}  // namespace
}  // namespace kt::federation
