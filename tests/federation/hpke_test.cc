// Base mode against the vectors of RFC 9180 and those of its working group, and what must fail.
#include "federation/hpke.h"

#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "must.h"
#include "vectors.h"

namespace kt::federation {
namespace {

using keytrans::DhPrivateKey;

struct HpkeVector {
  std::string name;
  nlohmann::json json;

  friend std::ostream& operator<<(std::ostream& out, const HpkeVector& vector) {
    return out << vector.name;
  }
};

HpkeSuite suite_of(const nlohmann::json& json) {
  return {hpke_kem(json.at("kem_id")).value(), hpke_kdf(json.at("kdf_id")).value(),
          hpke_aead(json.at("aead_id")).value()};
}

std::vector<HpkeVector> hpke_vectors() {
  std::vector<HpkeVector> vectors;
  for (const std::string set : {"rfc9180-appendix-a-base", "hpke-cfrg-json-base"}) {
    const nlohmann::json file = load_vectors("hpke/" + set + ".json");
    for (const auto& json : file.at("vectors")) {
      const std::string name = set + " kem " + json.at("kem_id").dump() + " kdf " +
                               json.at("kdf_id").dump() + " aead " + json.at("aead_id").dump();
      vectors.push_back({name, json});
    }
  }
  return vectors;
}

class Hpke : public ::testing::TestWithParam<HpkeVector> {
 protected:
  [[nodiscard]] DhPrivateKey key(const char* field) const {
    return must(DhPrivateKey::from_secret(hpke_group(suite_.kem), hex_field(json(), field)));
  }
  [[nodiscard]] const nlohmann::json& json() const { return GetParam().json; }

  HpkeSuite suite_ = suite_of(GetParam().json);
  HpkeInfo info_{suite_, hex_field(GetParam().json, "info")};
};

INSTANTIATE_TEST_SUITE_P(Vectors, Hpke, ::testing::ValuesIn(hpke_vectors()),
                         [](const auto& vector) { return test_name(vector.param.name); });

// The two files name the same things differently.
Bytes field_of(const nlohmann::json& json, const char* one, const char* other) {
  return hex_field(json, json.contains(one) ? one : other);
}

TEST_P(Hpke, BothSidesAgreeWithTheVector) {
  const DhPrivateKey receiver_key = key("skRm");
  EXPECT_EQ(receiver_key.public_key(), hex_field(json(), "pkRm"));
  EXPECT_EQ(to_bytes(info_.key_schedule_context()), hex_field(json(), "key_schedule_context"));
  HpkeSender sender = must(setup_base_sender(info_, receiver_key.public_key(), key("skEm")));
  EXPECT_EQ(sender.enc, hex_field(json(), "enc"));
  HpkeContext receiver = must(setup_base_receiver(info_, sender.enc, receiver_key));

  for (const auto& exported : json().at("exports")) {
    const Bytes context = hex_field(exported, "exporter_context");
    const Bytes expected = hex_field(exported, "exported_value");
    ASSERT_EQ(expected.size(), exported.at("L").get<std::size_t>());
    EXPECT_EQ(to_bytes(sender.context.export_secret(context, expected.size()).view()), expected);
    EXPECT_EQ(to_bytes(receiver.export_secret(context, expected.size()).view()), expected);
  }
  if (suite_.aead == HpkeAead::export_only) {
    EXPECT_EQ(sender.context.seal({}, {}).error().code, Errc::rejected);
    EXPECT_EQ(receiver.open({}, {}).error().code, Errc::rejected);
    return;
  }
  std::uint64_t sequence = 0;
  for (const auto& encryption : json().at("encryptions")) {
    for (; sequence < encryption.at("sequence").get<std::uint64_t>(); ++sequence)
      must(receiver.open({}, must(sender.context.seal({}, {}))));
    const Bytes aad = hex_field(encryption, "aad");
    const Bytes plaintext = field_of(encryption, "pt", "plaintext");
    const Bytes ciphertext = field_of(encryption, "ct", "ciphertext");
    EXPECT_EQ(must(sender.context.seal(aad, plaintext)), ciphertext);
    EXPECT_EQ(must(receiver.open(aad, ciphertext)), plaintext);
    ++sequence;
  }
  EXPECT_EQ(sequence, 257U);
}

TEST_P(Hpke, EveryFlippedByteIsRefused) {
  const DhPrivateKey receiver_key = key("skRm");
  HpkeSender sender = must(setup_base_sender(info_, receiver_key.public_key()));
  HpkeContext receiver = must(setup_base_receiver(info_, sender.enc, receiver_key));
  const Bytes aad = to_bytes("what it is about");
  if (suite_.aead == HpkeAead::export_only) {
    // There is nothing to refuse, but nothing in common either.
    Bytes enc = sender.enc;
    enc.back() ^= 1;
    const auto other = setup_base_receiver(info_, enc, receiver_key);
    if (other) {
      EXPECT_FALSE(other->export_secret(aad, 32).equal(receiver.export_secret(aad, 32).view()));
    }
    return;
  }
  const Bytes sealed = must(sender.context.seal(aad, to_bytes("secret")));
  for (std::size_t i = 0; i < sender.enc.size(); ++i) {
    Bytes enc = sender.enc;
    enc[i] ^= 1;
    auto other = setup_base_receiver(info_, enc, receiver_key);
    if (other) {
      EXPECT_FALSE(other->open(aad, sealed)) << i;
    }
  }
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Bytes changed = sealed;
    changed[i] ^= 1;
    EXPECT_EQ(receiver.open(aad, changed).error().code, Errc::verification_failed) << i;
  }
  for (std::size_t size = 0; size < sealed.size(); ++size)
    EXPECT_FALSE(receiver.open(aad, ByteView(sealed).first(size)));
  EXPECT_FALSE(receiver.open({}, sealed));
  // None of that counted.
  EXPECT_EQ(must(receiver.open(aad, sealed)), to_bytes("secret"));
  EXPECT_FALSE(receiver.open(aad, sealed)) << "a message opens once";
}

TEST(HpkeKeys, PointsThatAreNoKeysAreRefused) {
  const auto x25519 = must(DhPrivateKey::generate(keytrans::DhGroup::X25519));
  const HpkeInfo info({HpkeKem::X25519_HKDF_SHA256, HpkeKdf::HKDF_SHA256, HpkeAead::AES_128_GCM},
                      {});
  // Of low order: 0, 1, and a point of order 8 (RFC 7748, Section 6.1).
  Bytes low(32);
  EXPECT_EQ(setup_base_receiver(info, low, x25519).error().code, Errc::malformed);
  low[0] = 1;
  EXPECT_EQ(setup_base_receiver(info, low, x25519).error().code, Errc::malformed);
  const Bytes order_8 =
      from_hex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800").value();
  EXPECT_EQ(setup_base_receiver(info, order_8, x25519).error().code, Errc::malformed);
  EXPECT_EQ(setup_base_sender(info, order_8).error().code, Errc::malformed);
  EXPECT_EQ(setup_base_sender(info, Bytes(31)).error().code, Errc::malformed);
  EXPECT_EQ(setup_base_sender(info, {}).error().code, Errc::malformed);

  const auto p256 = must(DhPrivateKey::generate(keytrans::DhGroup::P256));
  const HpkeInfo p256_info({HpkeKem::P256_HKDF_SHA256, HpkeKdf::HKDF_SHA256, HpkeAead::AES_128_GCM},
                           {});
  Bytes point = p256.public_key();
  EXPECT_TRUE(setup_base_sender(p256_info, point));
  point.back() ^= 1;  // beside the curve
  EXPECT_EQ(setup_base_sender(p256_info, point).error().code, Errc::malformed);
  EXPECT_EQ(setup_base_receiver(p256_info, point, p256).error().code, Errc::malformed);
  Bytes compressed(p256.public_key().begin(), p256.public_key().begin() + 33);
  compressed[0] = 2;
  EXPECT_EQ(setup_base_sender(p256_info, compressed).error().code, Errc::malformed);
  EXPECT_EQ(setup_base_sender(p256_info, Bytes{0}).error().code, Errc::malformed);  // infinity
  EXPECT_EQ(setup_base_sender(p256_info, Bytes(65)).error().code, Errc::malformed);

  EXPECT_FALSE(DhPrivateKey::from_secret(keytrans::DhGroup::X25519, Bytes(31)));
  EXPECT_FALSE(DhPrivateKey::from_secret(keytrans::DhGroup::P256, Bytes(32)));  // zero
}

TEST(HpkeKeys, AlgorithmsThatAreNotHereAreNothing) {
  EXPECT_EQ(hpke_kem(0x0021), std::nullopt);
  EXPECT_EQ(hpke_kdf(0x0002), std::nullopt);
  EXPECT_EQ(hpke_aead(0), std::nullopt);
  EXPECT_EQ(hpke_aead(4), std::nullopt);
}

}  // namespace
}  // namespace kt::federation
