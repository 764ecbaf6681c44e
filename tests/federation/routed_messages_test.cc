#include "federation/routed_messages.h"

#include <string>

#include <gtest/gtest.h>

#include "names.h"
#include "random_source.h"

namespace kt::federation {
namespace {

using keytrans::ContactMonitorRequest;
using keytrans::MonitorMapEntry;
using keytrans::OwnerMonitorRequest;

std::string hex_of_log(char digit) { return std::string(64, digit); }

TEST(RoutedMessages, ALookupAsBytes) {
  const LookupRequest request{
      label_of("a@b.c"),
      {{log_of(0x11).hash(), TreeSize{0x0102}}, {log_of(0x22).hash(), std::nullopt}}};
  EXPECT_EQ(to_hex(must(encode(request))),
            "056140622e63"
            "02" +
                hex_of_log('1') + "010000000000000102" + hex_of_log('2') + "00");
  const LookupResponse response{7, {{log_of(0x33).hash(), {0xab, 0xcd}}}};
  EXPECT_EQ(to_hex(must(encode(response))),
            "000000000000000701" + hex_of_log('3') + "00000002abcd");
}

keytrans::Opening opening_of(std::uint8_t byte) {
  keytrans::Opening opening{};
  opening.fill(byte);
  return opening;
}

TEST(RoutedMessages, AnUpdateAsBytes) {
  const RoutedUpdateRequest request{label_of("a"),
                                    {{log_of(0x11).hash(), TreeSize{5}, Version{6}},
                                     {log_of(0x22).hash(), std::nullopt, std::nullopt}},
                                    {{{0xab}}, {{}}}};
  EXPECT_EQ(to_hex(must(encode(request))), "016102" + hex_of_log('1') +
                                               "0100000000000000050100000006" + hex_of_log('2') +
                                               "00000200000001ab00000000");
}

TEST(RoutedMessages, MonitoringAsBytes) {
  const RoutedMonitorRequest request{
      label_of("a"),
      {{log_of(0x11).hash(), TreeSize{5}, {{EntryIndex{3}, Version{1}}}, std::nullopt},
       {log_of(0x22).hash(),
        std::nullopt,
        {},
        OwnerProgress{EntryIndex{4}, Version{2}},
        {{Version{2}, opening_of(0xab)}}}}};
  EXPECT_EQ(to_hex(must(encode(request))),
            "016102" + hex_of_log('1') + "010000000000000005" + "01000000000000000300000001" +
                "0000" + hex_of_log('2') + "0000" + "01" + "0000000000000004" + "0100000002" +
                "0100000002" + to_hex(opening_of(0xab)));
  const OpenedMonitorRequest opened{{1, 2, 3},
                                    {{Version{1}, opening_of(1)}, {Version{4}, opening_of(2)}}};
  EXPECT_EQ(to_hex(must(encode(opened))),
            "000301020302"
            "00000001" +
                to_hex(opening_of(1)) + "00000004" + to_hex(opening_of(2)));
}

TEST(RoutedMessages, OpeningsAreOfOneVersionEach) {
  for (const std::uint32_t second : {0U, 1U}) {
    const std::vector<VersionOpening> openings{{Version{1}, opening_of(1)},
                                               {Version{second}, opening_of(2)}};
    EXPECT_EQ(encode(OpenedMonitorRequest{{}, openings}).error().detail,
              "OpenedMonitorRequest.openings is not ascending");
    EXPECT_EQ(
        encode(RoutedMonitorRequest{{}, {{log_of(1).hash(), {}, {}, {}, openings}}}).error().detail,
        "LogMonitorView.openings is not ascending");
  }
  EXPECT_EQ(encode(OpenedMonitorRequest{{}, {}}).error().detail,
            "OpenedMonitorRequest.openings is empty");
}

TEST(RoutedMessages, EachMonitoredVersionIsShown) {
  const std::vector<MonitorMapEntry> entries{
      {EntryIndex{3}, Version{1}}, {EntryIndex{5}, Version{4}}, {EntryIndex{9}, Version{4}}};
  const std::vector<Version> both{Version{1}, Version{4}};
  EXPECT_EQ(versions_to_show(ContactMonitorRequest{{}, {}, entries}), both);
  EXPECT_EQ(versions_to_show(ContactMonitorRequest{}), std::vector<Version>());
  OwnerMonitorRequest owner;
  owner.entries = entries;
  EXPECT_EQ(versions_to_show(owner), std::vector<Version>());
  owner.greatest_version = Version{4};
  EXPECT_EQ(versions_to_show(owner), both);
  owner.greatest_version = Version{2};
  EXPECT_EQ(versions_to_show(owner), (std::vector<Version>{Version{1}, Version{2}, Version{4}}));
}

// --- Whatever fits its fields ----------------------------------------------------------------

class RandomMessages {
 public:
  void make(LookupRequest& message) {
    message = {label(), {}};
    for (std::size_t i = count(0); i > 0; --i)
      message.views.push_back({random_.hash(), maybe(TreeSize{random_.below(UINT64_MAX)})});
  }
  void make(RoutedUpdateRequest& message) {
    message = {label(), {}, {}};
    for (std::size_t i = count(0); i > 0; --i)
      message.views.push_back(
          {random_.hash(), maybe(TreeSize{random_.below(UINT64_MAX)}), maybe(version())});
    for (std::size_t i = count(0); i > 0; --i) message.values.push_back({bytes()});
  }
  void make(RoutedMonitorRequest& message) {
    message = {label(), {}};
    for (std::size_t i = count(1); i > 0; --i) {
      LogMonitorView view{random_.hash(), maybe(TreeSize{random_.below(UINT64_MAX)}), {}, {}};
      for (std::size_t j = count(0); j > 0; --j)
        view.entries.push_back({EntryIndex{random_.below(UINT64_MAX)}, version()});
      view.owner = maybe(OwnerProgress{EntryIndex{random_.below(UINT64_MAX)}, maybe(version())});
      view.openings = openings(0);
      message.views.push_back(std::move(view));
    }
  }
  void make(OpenedMonitorRequest& message) { message = {bytes(), openings(1)}; }
  void make(RoutedResponse& message) {
    message = {random_.below(UINT64_MAX), {}};
    for (std::size_t i = count(1); i > 0; --i) message.answers.push_back({random_.hash(), bytes()});
  }

 private:
  std::size_t count(std::size_t least) { return least + random_.below(4); }
  Version version() { return Version{static_cast<std::uint32_t>(random_.below(UINT32_MAX))}; }
  std::vector<VersionOpening> openings(std::size_t least) {
    std::vector<VersionOpening> made;
    std::uint32_t version = 0;
    for (std::size_t i = count(least); i > 0; --i) {
      version += 1 + static_cast<std::uint32_t>(random_.below(1000));
      made.push_back({Version{version}, opening_of(static_cast<std::uint8_t>(random_.below(256)))});
    }
    return made;
  }
  Bytes bytes() {
    Bytes made(random_.below(40));
    for (auto& octet : made) octet = static_cast<std::uint8_t>(random_.below(256));
    return made;
  }
  Label label() { return must(Label::create(bytes())); }
  template <class T>
  std::optional<T> maybe(T value) {
    return random_.coin() ? std::optional<T>(std::move(value)) : std::nullopt;
  }

  RandomSource random_;
};

template <class Message>
class RoutedMessage : public ::testing::Test {};
using Messages = ::testing::Types<LookupRequest, RoutedUpdateRequest, RoutedMonitorRequest,
                                  OpenedMonitorRequest, RoutedResponse>;
TYPED_TEST_SUITE(RoutedMessage, Messages);

TYPED_TEST(RoutedMessage, IsWhatItWasAndNothingShorterOrLongerIs) {
  RandomMessages random;
  for (int i = 0; i < 200 && !this->HasFailure(); ++i) {
    TypeParam message;
    random.make(message);
    const Bytes bytes = must(encode(message));
    EXPECT_EQ(must(decode<TypeParam>(bytes)), message);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const auto cut = decode<TypeParam>(ByteView(bytes).first(size));
      ASSERT_FALSE(cut.has_value()) << size;
      EXPECT_EQ(cut.error().code, Errc::malformed);
      EXPECT_NE(cut.error().detail.find(" at byte "), std::string::npos) << cut.error().detail;
    }
    Bytes longer = bytes;
    longer.push_back(0);
    EXPECT_EQ(decode<TypeParam>(longer).error().code, Errc::malformed);
  }
}

// --- What no message can say -----------------------------------------------------------------

template <class Message>
void expect_malformed(const std::string& hex, std::string_view detail) {
  const auto decoded = decode<Message>(*from_hex(hex));
  ASSERT_FALSE(decoded.has_value()) << hex;
  EXPECT_EQ(decoded.error().code, Errc::malformed);
  EXPECT_EQ(decoded.error().detail, detail);
}

TEST(RoutedMessages, APresenceOctetIsZeroOrOne) {
  expect_malformed<LookupRequest>(
      "0001" + hex_of_log('1') + "02",
      "LogView.last at byte 34 has a presence octet that is neither 0 nor 1");
  expect_malformed<RoutedUpdateRequest>("0001" + hex_of_log('1') + "000300",
                                        "LogOwnerView.greatest_version at byte 35 has a presence "
                                        "octet that is neither 0 nor 1");
  expect_malformed<RoutedMonitorRequest>(
      "0001" + hex_of_log('1') + "00000200",
      "LogMonitorView.owner at byte 36 has a presence octet that is neither 0 nor 1");
}

TEST(RoutedMessages, AVectorHasNoMoreThanTheMessage) {
  expect_malformed<LookupRequest>("00ff" + hex_of_log('1') + "00",
                                  "LookupRequest.views at byte 1 claims more than the message "
                                  "holds");
  expect_malformed<RoutedUpdateRequest>(
      "0000ff00000000", "RoutedUpdateRequest.values at byte 2 claims more than the message holds");
  expect_malformed<RoutedResponse>(
      "000000000000000001" + hex_of_log('1') + "ffffffff",
      "LogAnswer.response at byte 41 claims more than the message holds");
}

TEST(RoutedMessages, NoLogIsThereTwice) {
  const HashValue log = log_of(0x11).hash();
  const auto expect = [](const auto& encoded, std::string_view detail) {
    ASSERT_FALSE(encoded.has_value());
    EXPECT_EQ(encoded.error(), (Error{Errc::malformed, std::string(detail)}));
  };
  expect(encode(LookupRequest{{}, {{log, {}}, {log, TreeSize{1}}}}),
         "LookupRequest.views has a log twice");
  expect(encode(RoutedUpdateRequest{{}, {{log, {}, {}}, {log, {}, {}}}, {}}),
         "RoutedUpdateRequest.views has a log twice");
  expect(encode(RoutedMonitorRequest{{}, {{log, {}, {}, {}}, {log, {}, {}, {}}}}),
         "RoutedMonitorRequest.views has a log twice");
  expect(encode(RoutedResponse{0, {{log, {}}, {log, {}}}}),
         "RoutedResponse.answers has a log twice");
  const std::string view = hex_of_log('1') + "00";
  expect_malformed<LookupRequest>("0003" + view + hex_of_log('2') + "00" + view,
                                  "LookupRequest.views at byte 101 has a log twice");
}

TEST(RoutedMessages, SomethingIsMonitoredAndAnswered) {
  expect_malformed<RoutedMonitorRequest>("0000", "RoutedMonitorRequest.views at byte 2 is empty");
  expect_malformed<RoutedResponse>("000000000000000000",
                                   "RoutedResponse.answers at byte 9 is empty");
}

TEST(RoutedMessages, ThereIsRoomForEveryShard) {
  LookupRequest request;
  for (int i = 0; i < 255; ++i)
    request.views.push_back({log_of(static_cast<std::uint8_t>(i)).hash(), {}});
  EXPECT_EQ(must(decode<LookupRequest>(must(encode(request)))), request);
  request.views.push_back({log_of(255).hash(), {}});
  EXPECT_EQ(encode(request).error().code, Errc::malformed);
}

// --- What one log is asked -------------------------------------------------------------------

TEST(RoutedMessages, ALogIsAskedWithItsOwnViewOrAsByANewUser) {
  const Label alice = label_of("alice@example.com");
  const LookupRequest lookup{alice,
                             {{log_of(1).hash(), TreeSize{5}}, {log_of(2).hash(), TreeSize{6}}}};
  EXPECT_EQ(search_request(lookup, log_of(2)),
            (keytrans::SearchRequest{TreeSize{6}, alice, std::nullopt}));
  EXPECT_EQ(search_request(lookup, log_of(3)),
            (keytrans::SearchRequest{std::nullopt, alice, std::nullopt}));

  const RoutedUpdateRequest update{alice, {{log_of(1).hash(), TreeSize{5}, Version{3}}}, {{{1}}}};
  EXPECT_EQ(update_request(update, log_of(1)),
            (keytrans::UpdateRequest{TreeSize{5}, alice, Version{3}, {{{1}}}}));
  EXPECT_EQ(update_request(update, log_of(2)),
            (keytrans::UpdateRequest{std::nullopt, alice, std::nullopt, {{{1}}}}));
}

TEST(RoutedMessages, ALogIsMonitoredByAContactOrTheOwner) {
  const Label alice = label_of("alice@example.com");
  const std::vector<MonitorMapEntry> entries{{EntryIndex{3}, Version{1}}};
  const RoutedMonitorRequest request{alice,
                                     {{log_of(1).hash(), TreeSize{5}, entries, std::nullopt},
                                      {log_of(2).hash(),
                                       TreeSize{6},
                                       entries,
                                       OwnerProgress{EntryIndex{4}, Version{2}},
                                       {{Version{2}, opening_of(7)}}}}};
  EXPECT_EQ(monitor_request(request, log_of(1)),
            MonitorRequest(ContactMonitorRequest{TreeSize{5}, alice, entries}));
  EXPECT_EQ(
      monitor_request(request, log_of(2)),
      MonitorRequest(OwnerMonitorRequest{TreeSize{6}, alice, entries, EntryIndex{4}, Version{2}}));
  EXPECT_EQ(monitor_request(request, log_of(3)), std::nullopt);
  EXPECT_EQ(shown_openings(request, log_of(1)), std::vector<VersionOpening>());
  EXPECT_EQ(shown_openings(request, log_of(2)),
            (std::vector<VersionOpening>{{Version{2}, opening_of(7)}}));
  EXPECT_EQ(shown_openings(request, log_of(3)), std::vector<VersionOpening>());
}

}  // namespace
}  // namespace kt::federation
