#include "routing/embedded_log.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "log_fixture.h"
#include "names.h"

namespace kt::routing {
namespace {

using keytrans::ClientState;
using keytrans::UpdateRequest;
using keytrans::WireContext;

class EmbeddedLog : public ::testing::Test {
 protected:
  void open() {
    fixture_.open();
    service_ = make_embedded(fixture_.log());
  }
  Result<Bytes> ask(LogRequest request) {
    auto answered =
        boost::asio::co_spawn(context_, service_->ask(std::move(request)), boost::asio::use_future);
    context_.restart();
    context_.run();
    return answered.get();
  }
  // The outcome of `request`, once the user has verified it.
  template <class Response, class Request>
  auto verified(ClientState& user, const Request& request, bool version_requested = false) {
    const auto context = WireContext::of(user.configuration().wire(), version_requested);
    const auto response = must(keytrans::decode<Response>(must(ask(request)), context));
    return must(user.apply(must(user.verify(request, response, fixture_.clock.now()))));
  }
  void expect_refused(const LogRequest& request, Errc code) {
    const auto answered = ask(request);
    ASSERT_FALSE(answered.has_value());
    EXPECT_EQ(answered.error().code, code) << answered.error().detail;
  }

  log::LogFixture fixture_;
  boost::asio::io_context context_;
  std::unique_ptr<LogService> service_;
};

TEST_F(EmbeddedLog, AnswersEveryRequestOfUsers) {
  open();
  const Label alice = label_of("alice@example.com");
  ClientState owner = fixture_.newcomer();
  verified<keytrans::OwnerInitResponse>(owner, owner.owner_init_request(alice, EntryIndex{0}));
  // The last one is to the right of the only distinguished entry, and so to be monitored.
  for (std::uint8_t i = 0; i < 4; ++i) {
    const auto made =
        verified<keytrans::UpdateResponse>(owner, must(owner.update_request(alice, {{Bytes{i}}})));
    EXPECT_TRUE(made.created);
    EXPECT_EQ(made.first, Version{i});
  }
  verified<keytrans::OwnerMonitorResponse>(owner, must(owner.owner_monitor_request(alice)));

  ClientState contact = fixture_.newcomer();
  EXPECT_EQ(verified<keytrans::SearchResponse>(contact, contact.search_request(alice)).value,
            Bytes{3});
  EXPECT_EQ(
      verified<keytrans::SearchResponse>(contact, contact.search_request(alice, Version{1}), true)
          .value,
      Bytes{1});
  verified<keytrans::ContactMonitorResponse>(contact, must(contact.contact_monitor_request(alice)));
  verified<keytrans::DistinguishedResponse>(contact, contact.distinguished_request());
}

TEST_F(EmbeddedLog, SaysWhyNot) {
  open();
  const Label alice = label_of("alice@example.com");
  expect_refused(keytrans::SearchRequest{{}, alice, {}}, Errc::not_found);
  ASSERT_TRUE(ask(UpdateRequest{{}, alice, {}, {{{1}}}}).has_value());
  expect_refused(keytrans::SearchRequest{{}, alice, Version{1}}, Errc::not_found);
  expect_refused(keytrans::SearchRequest{TreeSize{1000}, alice, {}}, Errc::conflict);
  expect_refused(UpdateRequest{{}, alice, Version{5}, {{{1}}}}, Errc::conflict);
  // The log manages itself.
  expect_refused(keytrans::ManagerUpdateRequest{{}, alice, Version{0}, {{{1}, {}}}, Version{1}},
                 Errc::rejected);
}

TEST_F(EmbeddedLog, AnswersAnUpdateWhenTheLogHasGone) {
  fixture_.options.commit_window = std::chrono::hours(1);
  open();
  fixture_.open_window();
  const auto context = WireContext::of(fixture_.log().configuration().wire());
  auto answered = boost::asio::co_spawn(
      context_, service_->ask(UpdateRequest{{}, label_of("alice@example.com"), {}, {{{1}}}}),
      boost::asio::use_future);
  context_.poll();
  service_.reset();
  fixture_.close();
  context_.run();
  EXPECT_TRUE(
      keytrans::decode<keytrans::UpdateResponse>(must(answered.get()), context).has_value());
}

}  // namespace
}  // namespace kt::routing
