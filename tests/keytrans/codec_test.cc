#include "keytrans/codec.h"

#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "keytrans/message_view.h"
#include "message_fields.h"
#include "suites.h"
#include "test_log.h"

namespace kt::keytrans {
namespace {

enum class Colour : std::uint8_t { red = 1, green = 2, blue = 4 };
enum class Shade : std::uint16_t { light = 0x0102, dark = 0x0304 };

// What `write` puts into an Encoder. Requires: that it fits.
template <class Write>
Bytes encoded(Write write) {
  Encoder io;
  write(io);
  return must(std::move(io).finish());
}

// The error of an Encoder after `write`.
template <class Write>
Error encode_error(Write write) {
  Encoder io;
  write(io);
  EXPECT_FALSE(io.ok());
  const auto result = std::move(io).finish();
  EXPECT_FALSE(result.has_value());
  return result ? Error{Errc::corrupt, "no error"} : result.error();
}

// The error of a Decoder of `bytes` after `read`.
template <class Read>
Error decode_error(const Bytes& bytes, Read read) {
  Decoder io(bytes);
  read(io);
  const auto result = std::move(io).finish();
  EXPECT_FALSE(result.has_value());
  return result ? Error{Errc::corrupt, "no error"} : result.error();
}

Error malformed(std::string detail) { return {Errc::malformed, std::move(detail)}; }

// --- Numbers ---------------------------------------------------------------------------------

TEST(Codec, NumbersAreBigEndian) {
  const Bytes bytes = encoded([](Encoder& io) {
    io.number("a", std::uint8_t{0x01});
    io.number("b", std::uint16_t{0x0203});
    io.number("c", std::uint32_t{0x0405'0607});
    io.number("d", std::uint64_t{0x0809'0a0b'0c0d'0e0f});
    io.number("e", Version{0x1011'1213});
  });
  EXPECT_EQ(to_hex(bytes), "0102030405060708090a0b0c0d0e0f10111213");

  Decoder io(bytes);
  std::uint8_t a = 0;
  std::uint16_t b = 0;
  std::uint32_t c = 0;
  std::uint64_t d = 0;
  Version e;
  io.number("a", a);
  io.number("b", b);
  io.number("c", c);
  io.number("d", d);
  io.number("e", e);
  EXPECT_TRUE(io.ok());
  EXPECT_TRUE(std::move(io).finish().has_value());
  EXPECT_EQ(a, 0x01);
  EXPECT_EQ(b, 0x0203);
  EXPECT_EQ(c, 0x0405'0607U);
  EXPECT_EQ(d, 0x0809'0a0b'0c0d'0e0fU);
  EXPECT_EQ(e, Version{0x1011'1213});
}

TEST(Codec, NumberCutShort) {
  for (std::size_t size = 0; size < 8; ++size) {
    std::uint64_t number = 7;
    const Error error =
        decode_error(Bytes(size), [&](Decoder& io) { io.number("Log.size", number); });
    EXPECT_EQ(error, malformed("Log.size at byte 0 is cut short"));
    EXPECT_EQ(number, 0U);
  }
}

// --- Enumerations ----------------------------------------------------------------------------

TEST(Codec, EnumeratorsOfAnyWidth) {
  const Bytes bytes = encoded([](Encoder& io) {
    io.enumeration("colour", Colour::blue, {Colour::red, Colour::green, Colour::blue});
    io.enumeration("shade", Shade::dark, {Shade::light, Shade::dark});
  });
  EXPECT_EQ(to_hex(bytes), "040304");
  Decoder io(bytes);
  Colour colour = Colour::red;
  Shade shade = Shade::light;
  io.enumeration("colour", colour, {Colour::red, Colour::green, Colour::blue});
  io.enumeration("shade", shade, {Shade::light, Shade::dark});
  EXPECT_TRUE(std::move(io).finish().has_value());
  EXPECT_EQ(colour, Colour::blue);
  EXPECT_EQ(shade, Shade::dark);
}

TEST(Codec, UndefinedEnumerators) {
  for (unsigned octet = 0; octet < 256; ++octet) {
    if (octet == 1 || octet == 2) continue;
    Colour colour = Colour::green;
    const Error error = decode_error({9, static_cast<std::uint8_t>(octet)}, [&](Decoder& io) {
      std::uint8_t before = 0;
      io.number("before", before);
      io.enumeration("Paint.colour", colour, {Colour::red, Colour::green});
    });
    EXPECT_EQ(error, malformed("Paint.colour at byte 1 has a value that is not defined"));
    EXPECT_EQ(colour, Colour::green);
  }
}

TEST(Codec, EnumeratorCutShort) {
  Shade shade = Shade::light;
  const Error error = decode_error({1}, [&](Decoder& io) {
    io.enumeration("shade", shade, {Shade::light, Shade::dark});
  });
  EXPECT_EQ(error, malformed("shade at byte 0 is cut short"));
}

// --- Bytes -----------------------------------------------------------------------------------

TEST(Codec, FixedBytes) {
  const std::array<std::uint8_t, 3> array{1, 2, 3};
  const Bytes bytes = encoded([&](Encoder& io) {
    io.fixed("array", array, 3);
    io.fixed("bytes", Bytes{4, 5}, 2);
  });
  EXPECT_EQ(to_hex(bytes), "0102030405");
  Decoder io(bytes);
  std::array<std::uint8_t, 3> read_array{};
  Bytes read_bytes;
  io.fixed("array", read_array, 3);
  io.fixed("bytes", read_bytes, 2);
  EXPECT_TRUE(std::move(io).finish().has_value());
  EXPECT_EQ(read_array, array);
  EXPECT_EQ(read_bytes, (Bytes{4, 5}));

  EXPECT_EQ(encode_error([](Encoder& out) { out.fixed("Step.proof", Bytes(79), 80); }),
            malformed("Step.proof has the wrong size"));
  EXPECT_EQ(decode_error({1, 2}, [&](Decoder& in) { in.fixed("array", read_array, 3); }),
            malformed("array at byte 0 is cut short"));
}

// The prefix of `LengthSize` bytes, at the end of its range and beyond.
template <std::size_t LengthSize>
void expect_opaque_bounds() {
  const auto write = [](std::size_t size) {
    return [size](Encoder& io) { io.opaque<LengthSize>("Thing.bytes", Bytes(size, 7)); };
  };
  constexpr std::size_t kMost = max_length(LengthSize);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kMost}) {
    const Bytes bytes = encoded(write(size));
    ASSERT_EQ(bytes.size(), LengthSize + size);
    Decoder io(bytes);
    Bytes read;
    io.opaque<LengthSize>("Thing.bytes", read);
    EXPECT_TRUE(std::move(io).finish().has_value());
    EXPECT_EQ(read, Bytes(size, 7));
  }
  EXPECT_EQ(encode_error(write(kMost + 1)),
            malformed("Thing.bytes is longer than its length prefix can say"));
  Bytes read{1, 2, 3};
  Bytes claim(LengthSize, 0xff);
  claim.push_back(1);
  EXPECT_EQ(decode_error(claim, [&](Decoder& io) { io.opaque<LengthSize>("Thing.bytes", read); }),
            malformed("Thing.bytes at byte 0 claims more than the message holds"));
  EXPECT_TRUE(read.empty());
  EXPECT_EQ(decode_error(Bytes(LengthSize - 1),
                         [&](Decoder& io) { io.opaque<LengthSize>("Thing.bytes", read); }),
            malformed("Thing.bytes at byte 0 is cut short"));
}

TEST(Codec, OpaqueBounds) {
  expect_opaque_bounds<1>();
  expect_opaque_bounds<2>();
}

// 2^32 bytes cannot be tried; what is one byte short of its length can.
TEST(Codec, OpaqueOfFourByteLength) {
  const Bytes bytes = encoded([](Encoder& io) { io.opaque<4>("value", Bytes(70'000)); });
  EXPECT_EQ(to_hex(ByteView(bytes).first(4)), "00011170");
  Bytes read;
  EXPECT_EQ(decode_error(Bytes(bytes.begin(), bytes.end() - 1),
                         [&](Decoder& io) { io.opaque<4>("value", read); }),
            malformed("value at byte 0 claims more than the message holds"));
}

TEST(Codec, Labels) {
  const Label longest = must(Label::create(Bytes(Label::kMaxSize, 'x')));
  for (const Label& label : {Label(), make_label("alice"), longest}) {
    const Bytes bytes = encoded([&](Encoder& io) { io.label("label", label); });
    EXPECT_EQ(bytes.size(), 1 + label.bytes().size());
    Decoder io(bytes);
    Label read;
    io.label("label", read);
    EXPECT_TRUE(std::move(io).finish().has_value());
    EXPECT_EQ(read, label);
  }
  Label read;
  EXPECT_EQ(decode_error({3, 'a', 'b'}, [&](Decoder& io) { io.label("label", read); }),
            malformed("label at byte 0 claims more than the message holds"));
}

// --- Optional values and vectors -------------------------------------------------------------

TEST(Codec, PresenceOctets) {
  const auto write = [](const std::optional<Version>& value) {
    return encoded([&](Encoder& io) { io.optional("Request.version", value, kNumber); });
  };
  EXPECT_EQ(to_hex(write(std::nullopt)), "00");
  EXPECT_EQ(to_hex(write(Version{5})), "0100000005");
  const auto read = [](std::optional<Version>& value) {
    return [&value](Decoder& io) { io.optional("Request.version", value, kNumber); };
  };
  for (const std::optional<Version> value : {std::optional<Version>(), {Version{5}}}) {
    std::optional<Version> decoded{Version{9}};
    const Bytes bytes = write(value);
    Decoder io(bytes);
    read(decoded)(io);
    EXPECT_TRUE(std::move(io).finish().has_value());
    EXPECT_EQ(decoded, value);
  }
  for (unsigned octet = 2; octet < 256; ++octet) {
    std::optional<Version> decoded;
    EXPECT_EQ(decode_error({static_cast<std::uint8_t>(octet), 0, 0, 0, 5}, read(decoded)),
              malformed("Request.version at byte 0 has a presence octet that is neither 0 nor 1"));
    EXPECT_FALSE(decoded.has_value());
  }
  std::optional<Version> decoded;
  EXPECT_EQ(decode_error({}, read(decoded)), malformed("Request.version at byte 0 is cut short"));
  EXPECT_EQ(decode_error({1, 0, 0}, read(decoded)), malformed("number at byte 1 is cut short"));
}

TEST(Codec, VectorsCountElements) {
  const std::vector<Version> versions{Version{1}, Version{2}};
  const Bytes bytes = encoded([&](Encoder& io) { io.vector<1>("versions", versions, 4, kNumber); });
  EXPECT_EQ(to_hex(bytes), "020000000100000002");
  const auto read = [](std::vector<Version>& values) {
    return [&values](Decoder& io) { io.vector<1>("versions", values, 4, kNumber); };
  };
  std::vector<Version> decoded{Version{9}};
  Decoder io(bytes);
  read(decoded)(io);
  EXPECT_TRUE(std::move(io).finish().has_value());
  EXPECT_EQ(decoded, versions);

  // One byte short of what the count calls for, and one too many.
  EXPECT_EQ(decode_error(Bytes(bytes.begin(), bytes.end() - 1), read(decoded)),
            malformed("versions at byte 0 claims more than the message holds"));
  EXPECT_TRUE(decoded.empty());
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_EQ(decode_error(longer, read(decoded)),
            malformed("end of message at byte 9 is followed by more bytes"));
}

TEST(Codec, VectorBounds) {
  const auto write = [](std::size_t count) {
    return [count](Encoder& io) {
      io.vector<1>("Proof.timestamps", std::vector<Timestamp>(count), 8, kNumber);
    };
  };
  EXPECT_EQ(encoded(write(255)).size(), 1U + 255 * 8);
  EXPECT_EQ(encode_error(write(256)),
            malformed("Proof.timestamps is longer than its length prefix can say"));
}

// A count may be credible by the elements' least size, and still not be true.
TEST(Codec, VectorWhoseElementsDoNotFit) {
  std::vector<Bytes> values;
  const auto element = [](auto& io, auto& value) { io.template opaque<1>("element", value); };
  const Bytes bytes{2, 1, 'a', 5, 'b'};
  EXPECT_EQ(decode_error(bytes, [&](Decoder& io) { io.vector<1>("values", values, 1, element); }),
            malformed("element at byte 3 claims more than the message holds"));
}

// --- Errors ----------------------------------------------------------------------------------

TEST(Codec, DecoderStopsAtItsFirstError) {
  std::uint8_t first = 0;
  std::uint32_t second = 0;
  std::uint8_t third = 7;
  Bytes fourth{1};
  std::vector<Version> fifth{Version{1}};
  std::optional<Version> sixth{Version{1}};
  Colour seventh = Colour::red;
  const Error error = decode_error({1, 2, 3}, [&](Decoder& io) {
    io.number("first", first);
    EXPECT_TRUE(io.ok());
    io.number("second", second);
    EXPECT_FALSE(io.ok());
    io.number("third", third);
    io.opaque<1>("fourth", fourth);
    io.vector<1>("fifth", fifth, 4, kNumber);
    io.optional("sixth", sixth, kNumber);
    io.enumeration("seventh", seventh, {Colour::green});
    io.require(false, "eighth", "is wrong");
  });
  EXPECT_EQ(error, malformed("second at byte 1 is cut short"));
  EXPECT_EQ(first, 1);
  EXPECT_EQ(third, 0);  // nothing of what follows is read, though two bytes are left
  EXPECT_TRUE(fourth.empty());
  EXPECT_TRUE(fifth.empty());
  EXPECT_FALSE(sixth.has_value());
  EXPECT_EQ(seventh, Colour::red);
}

TEST(Codec, EncoderStopsAtItsFirstError) {
  EXPECT_EQ(encode_error([](Encoder& io) {
              io.fixed("first", Bytes(3), 4);
              io.opaque<1>("second", Bytes(256));
              io.require(false, "third", "is wrong");
            }),
            malformed("first has the wrong size"));
}

TEST(Codec, WhatADescriptionRequires) {
  EXPECT_EQ(encode_error([](Encoder& io) { io.require(false, "Log.magic", "is not ours"); }),
            malformed("Log.magic is not ours"));
  std::uint8_t octet = 0;
  EXPECT_EQ(decode_error({5},
                         [&](Decoder& io) {
                           io.number("octet", octet);
                           io.require(octet == 4, "Log.magic", "is not ours");
                         }),
            malformed("Log.magic at byte 1 is not ours"));
  EXPECT_EQ(to_hex(encoded([](Encoder& io) { io.require(true, "Log.magic", "is not ours"); })), "");
}

TEST(Codec, NothingDecodesFromNothing) {
  Decoder io(ByteView{});
  EXPECT_TRUE(std::move(io).finish().has_value());
  EXPECT_EQ(decode_error({0}, [](Decoder&) {}),
            malformed("end of message at byte 0 is followed by more bytes"));
}

// --- Every structure -------------------------------------------------------------------------

// What a sink was given: numbers as their bytes.
class SeenFields final : public FieldSink {
 public:
  void number(std::string_view name, std::uint64_t value, std::size_t size) override {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i)
      bytes[size - 1 - i] = static_cast<std::uint8_t>(value >> (8 * i));
    add(name, bytes);
  }
  void bytes(std::string_view name, ByteView value) override { add(name, to_bytes(value)); }
  void absent(std::string_view name) override { note(name); }
  void begin_structure(std::string_view name) override {
    note(name);
    within_.emplace_back();
  }
  void begin_list(std::string_view name) override { begin_structure(name); }
  void end() override {
    ASSERT_GT(within_.size(), 1U);
    within_.pop_back();
  }

  [[nodiscard]] const std::vector<std::pair<std::string, Bytes>>& leaves() const { return leaves_; }
  [[nodiscard]] bool is_balanced() const { return within_.size() == 1; }

 private:
  void add(std::string_view name, Bytes contents) {
    note(name);
    leaves_.emplace_back(name, std::move(contents));
  }
  // No structure has a name twice.
  void note(std::string_view name) {
    if (name.empty()) return;
    EXPECT_TRUE(within_.back().insert(std::string(name)).second) << name;
  }

  std::vector<std::pair<std::string, Bytes>> leaves_;
  std::vector<std::set<std::string>> within_{1};
};

// The bytes say everything, in every context.
class RoundTrip : public ::testing::Test {
 protected:
  static std::vector<WireContext> contexts() {
    std::vector<WireContext> contexts;
    for (const CipherSuite suite : {kP256Suite, kEd25519Suite}) {
      for (const DeploymentMode mode :
           {DeploymentMode::contactMonitoring, DeploymentMode::thirdPartyManagement,
            DeploymentMode::thirdPartyAuditing}) {
        for (const bool version_requested : {false, true})
          contexts.push_back({suite, mode, version_requested});
      }
    }
    return contexts;
  }

  template <class Message>
  void expect_round_trip(const WireContext& context) {
    const auto message = random_message<Message>(random_, context);
    const Bytes bytes = must(encode_message(message, context));
    const auto decoded = decode_message<Message>(bytes, context);
    ASSERT_TRUE(decoded.has_value()) << decoded.error().detail;
    EXPECT_EQ(*decoded, message);
    EXPECT_EQ(must(encode_message(*decoded, context)), bytes);

    // The fields' sizes add up to the message's.
    const std::vector<FieldPlace> fields = map_fields(message, context);
    ASSERT_FALSE(fields.empty());
    EXPECT_EQ(fields.back().offset + fields.back().size, bytes.size());
    expect_nothing_else_decodes<Message>(bytes, fields, context);
    if constexpr (!std::same_as<Message, ForkEvidence>)
      expect_view(message, bytes, fields, context);
  }

  // What people are shown is what is in the bytes, field by field, under the fields' names.
  template <class Message>
  static void expect_view(const Message& message, const Bytes& bytes,
                          const std::vector<FieldPlace>& fields, const WireContext& context) {
    SeenFields seen;
    if constexpr (kNeedsContext<Message>) {
      show(message, context, seen);
    } else {
      show(message, seen);
    }
    EXPECT_TRUE(seen.is_balanced());
    std::size_t next = 0;
    std::string presence;
    for (const FieldPlace& field : fields) {
      if (field.kind == FieldKind::presence) presence = field.name;
      if (field.kind == FieldKind::presence || field.kind == FieldKind::length) continue;
      ASSERT_LT(next, seen.leaves().size());
      const auto& [name, contents] = seen.leaves()[next++];
      EXPECT_EQ(to_hex(contents), to_hex(ByteView(bytes).subspan(field.offset, field.size)));
      const bool is_element = field.name.find('.') == std::string::npos;
      if (is_element && name.empty()) continue;
      EXPECT_TRUE((is_element ? presence : field.name).ends_with("." + name))
          << name << " is not " << field.name;
    }
    EXPECT_EQ(next, seen.leaves().size());
  }

  // No beginning of the message, nor one byte more, nor a presence octet of 2, nor an enumerator of
  // 0, which every enumeration of the draft reserves.
  template <class Message>
  void expect_nothing_else_decodes(const Bytes& bytes, const std::vector<FieldPlace>& fields,
                                   const WireContext& context) {
    const auto expect_malformed = [&](ByteView tampered, const std::string& what) {
      const auto decoded = decode_message<Message>(tampered, context);
      ASSERT_FALSE(decoded.has_value()) << what;
      EXPECT_EQ(decoded.error().code, Errc::malformed);
      EXPECT_NE(decoded.error().detail.find(" at byte "), std::string::npos)
          << decoded.error().detail;
    };
    const std::size_t step = 1 + bytes.size() / 50;
    for (std::size_t size = 0; size < bytes.size(); size += step)
      expect_malformed(ByteView(bytes).first(size), "cut short");
    Bytes longer = bytes;
    longer.push_back(0);
    expect_malformed(longer, "one byte more");
    for (const FieldPlace& field : fields) {
      Bytes tampered = bytes;
      if (field.kind == FieldKind::presence) {
        tampered[field.offset] = 2;
      } else if (field.kind == FieldKind::enumeration) {
        for (std::size_t i = 0; i < field.size; ++i) tampered[field.offset + i] = 0;
      } else {
        continue;
      }
      expect_malformed(tampered, field.name);
    }
  }

  template <class... Messages>
  void expect_round_trips() {
    constexpr int kTimes = 20;
    for (const WireContext& context : contexts()) {
      for (int i = 0; i < kTimes && !HasFailure(); ++i) (expect_round_trip<Messages>(context), ...);
    }
  }

  RandomSource random_;
};

TEST_F(RoundTrip, HeadsAndWhatIsSigned) {
  expect_round_trips<Configuration, TreeHead, TreeHeadTBS, AuditorTreeHead, AuditorTreeHeadTBS,
                     FullTreeHead, UpdateTBS, VrfInput, LogEntry, UpdateValue, CommitmentValue>();
}

TEST_F(RoundTrip, Proofs) {
  expect_round_trips<InclusionProof, PrefixProof, CombinedTreeProof, BinaryLadderStep>();
}

TEST_F(RoundTrip, Requests) {
  expect_round_trips<SearchRequest, MonitorMapEntry, ContactMonitorRequest, OwnerInitRequest,
                     OwnerMonitorRequest, LabelValue, UpdateRequest, DistinguishedRequest,
                     ManagerUpdateRequest>();
}

TEST_F(RoundTrip, Responses) {
  expect_round_trips<SearchResponse, ContactMonitorResponse, OwnerInitResponse,
                     OwnerMonitorResponse, UpdateInfo, UpdateResponse, DistinguishedResponse>();
}

TEST_F(RoundTrip, WhatUsersAndThirdPartiesExchange) {
  expect_round_trips<DistinguishedHead, Credential, CredentialUpdate, AuditorUpdate, AuditorStart,
                     ForkEvidence>();
}

// What no message can say is not encoded as something else.
TEST(Encoding, MessagesThatDoNotFitTheirFields) {
  const WireContext context{kP256Suite, DeploymentMode::thirdPartyManagement, false};
  const auto expect_malformed = [](const auto& result, std::string_view field) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, Errc::malformed);
    EXPECT_EQ(result.error().detail.substr(0, field.size()), field);
  };
  expect_malformed(encode(TreeHead{TreeSize{1}, Bytes(65'536)}), "TreeHead.signature");
  expect_malformed(encode(BinaryLadderStep{Bytes(80), {}}, context), "BinaryLadderStep.proof");
  expect_malformed(encode(SearchResponse{}, context), "SearchResponse.version is missing");

  PrefixProof proof;
  proof.results.push_back({PrefixSearchResultType::nonInclusionLeaf, std::nullopt, 1});
  expect_malformed(encode(proof), "PrefixSearchResult.leaf is missing");
  proof.results.assign(256, {});
  expect_malformed(encode(proof), "PrefixProof.results");

  CombinedTreeProof combined;
  combined.timestamps.resize(256);
  expect_malformed(encode(combined), "CombinedTreeProof.timestamps");
  UpdateResponse update;
  update.binary_ladder.resize(256);
  expect_malformed(encode(update, context), "UpdateResponse.binary_ladder");
}

}  // namespace
}  // namespace kt::keytrans
