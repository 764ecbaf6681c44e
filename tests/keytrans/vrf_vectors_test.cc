// The VRF against vectors: RFC 9381's examples with their intermediate values, and proofs for
// labels and versions made by another implementation.
#include <algorithm>
#include <iostream>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <sodium.h>

#include "keytrans/vrf.h"
#include "suites.h"
#include "vector_cases.h"
#include "vectors.h"

namespace kt::keytrans {
namespace {

// ---- Proofs for labels and versions

constexpr const char* kKeytransFile = "keytrans/vrf.json";

// VrfInput of "Verifiable Random Function".
Bytes vrf_input(const Bytes& label, std::uint32_t version) {
  Bytes input{static_cast<std::uint8_t>(label.size())};
  input.insert(input.end(), label.begin(), label.end());
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    input.push_back(static_cast<std::uint8_t>(version >> shift));
  }
  return input;
}

class KeytransVrf : public ::testing::TestWithParam<VectorCase> {};

INSTANTIATE_TEST_SUITE_P(Vectors, KeytransVrf, ::testing::ValuesIn(vector_cases(kKeytransFile)),
                         case_name);

TEST_P(KeytransVrf, ProvesAndVerifies) {
  const auto& input = GetParam().input();
  const auto& expect = GetParam().expect();
  const auto prover =
      VrfPrivateKey::from_secret(kEd25519Suite, hex_field(input, "private_key")).value();
  EXPECT_EQ(prover.public_key(), hex_field(input, "public_key"));
  const auto verifier = VrfPublicKey::parse(kEd25519Suite, prover.public_key()).value();
  const Bytes alpha = vrf_input(hex_field(input, "label"), input.at("version"));

  if (expect.contains("error")) {
    const auto output = verifier.verify(alpha, hex_field(input, "proof"));
    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code, Errc::verification_failed);
    return;
  }
  EXPECT_EQ(alpha, hex_field(expect, "vrf_input"));
  const auto proven = prover.prove(alpha).value();
  EXPECT_EQ(proven.output, hash_field(expect, "output"));
  EXPECT_EQ(proven.proof, hex_field(expect, "proof"));
  EXPECT_EQ(verifier.verify(alpha, hex_field(expect, "proof")).value(),
            hash_field(expect, "output"));
}

// ---- RFC 9381, appendix B

constexpr const char* kRfcFile = "vrf/rfc9381-ecvrf-tai.json";

struct RfcCase {
  CipherSuite suite;
  nlohmann::json json;

  [[nodiscard]] std::string name() const {
    return (suite == kP256Suite ? "P256_example_" : "Ed25519_example_") + json.at("example").dump();
  }
  friend std::ostream& operator<<(std::ostream& out, const RfcCase& example) {
    return out << example.name();
  }
};

std::vector<RfcCase> rfc_cases() {
  const auto file = load_vectors(kRfcFile);
  std::vector<RfcCase> cases;
  for (const auto& json : file.at("ECVRF-P256-SHA256-TAI").at("vectors"))
    cases.push_back({kP256Suite, json});
  for (const auto& json : file.at("ECVRF-EDWARDS25519-SHA512-TAI").at("vectors"))
    cases.push_back({kEd25519Suite, json});
  return cases;
}

// The groups once more, straight over the libraries. Scalars and points as the vectors write them.

struct P256Group {
  static constexpr std::size_t kPointSize = 33;

  using Number = std::unique_ptr<BIGNUM, void (*)(BIGNUM*)>;

  static Number number(ByteView bytes) {
    return {BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr), BN_free};
  }

  static const EC_GROUP* group() {
    static const EC_GROUP* const group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    return group;
  }

  static Bytes multiply_base(const Bytes& scalar) { return product(scalar, nullptr); }
  static Bytes multiply(const Bytes& scalar, const Bytes& point) { return product(scalar, &point); }

  // s - c*x mod q
  static Bytes nonce(const Bytes& s, const Bytes& c, const Bytes& x) {
    const std::unique_ptr<BN_CTX, void (*)(BN_CTX*)> scratch(BN_CTX_new(), BN_CTX_free);
    const BIGNUM* q = EC_GROUP_get0_order(group());
    const Number c_x(BN_new(), BN_free);
    const Number k(BN_new(), BN_free);
    Bytes bytes(32);
    EXPECT_EQ(BN_mod_mul(c_x.get(), number(c).get(), number(x).get(), q, scratch.get()), 1);
    EXPECT_EQ(BN_mod_sub(k.get(), number(s).get(), c_x.get(), q, scratch.get()), 1);
    EXPECT_EQ(BN_bn2binpad(k.get(), bytes.data(), 32), 32);
    return bytes;
  }

  static Bytes secret_scalar(const nlohmann::json& example) { return hex_field(example, "SK"); }
  static Bytes vector_nonce(const nlohmann::json& example) { return hex_field(example, "k"); }

 private:
  using Point = std::unique_ptr<EC_POINT, void (*)(EC_POINT*)>;

  static Point new_point() { return {EC_POINT_new(group()), EC_POINT_free}; }

  static Bytes product(const Bytes& scalar, const Bytes* point) {
    const Point operand = new_point();
    const Point result = new_point();
    const Number n = number(scalar);
    int multiplied = 0;
    if (point == nullptr) {
      multiplied = EC_POINT_mul(group(), result.get(), n.get(), nullptr, nullptr, nullptr);
    } else {
      EXPECT_EQ(EC_POINT_oct2point(group(), operand.get(), point->data(), point->size(), nullptr),
                1);
      multiplied = EC_POINT_mul(group(), result.get(), nullptr, operand.get(), n.get(), nullptr);
    }
    EXPECT_EQ(multiplied, 1);
    Bytes bytes(kPointSize);
    EXPECT_EQ(EC_POINT_point2oct(group(), result.get(), POINT_CONVERSION_COMPRESSED, bytes.data(),
                                 bytes.size(), nullptr),
              kPointSize);
    return bytes;
  }
};

struct Ed25519Group {
  static constexpr std::size_t kPointSize = 32;

  static Bytes multiply_base(const Bytes& scalar) {
    Bytes point(kPointSize);
    EXPECT_EQ(crypto_scalarmult_ed25519_base_noclamp(point.data(), scalar.data()), 0);
    return point;
  }

  static Bytes multiply(const Bytes& scalar, const Bytes& point) {
    Bytes product(kPointSize);
    EXPECT_EQ(crypto_scalarmult_ed25519_noclamp(product.data(), scalar.data(), point.data()), 0);
    return product;
  }

  // s - c*x mod L
  static Bytes nonce(const Bytes& s, Bytes c, const Bytes& x) {
    c.resize(32);
    Bytes c_x(32);
    Bytes k(32);
    crypto_core_ed25519_scalar_mul(c_x.data(), c.data(), x.data());
    crypto_core_ed25519_scalar_sub(k.data(), s.data(), c_x.data());
    return k;
  }

  static Bytes secret_scalar(const nlohmann::json& example) { return hex_field(example, "x"); }

  // The vectors give k_string, of which k is the remainder modulo L.
  static Bytes vector_nonce(const nlohmann::json& example) {
    Bytes k(32);
    crypto_core_ed25519_scalar_reduce(k.data(), hex_field(example, "k").data());
    return k;
  }
};

// Whether the vector's intermediate values are those `proof` was made with: Gamma = x*H fixes H,
// s = k + c*x fixes k, and U and V follow from k.
template <class Group>
void expect_intermediate_values(const nlohmann::json& example, const Bytes& proof) {
  const auto c_begin = proof.begin() + Group::kPointSize;
  const Bytes gamma(proof.begin(), c_begin);
  const Bytes c(c_begin, c_begin + 16);
  const Bytes s(c_begin + 16, proof.end());
  const Bytes x = Group::secret_scalar(example);
  const Bytes h = hex_field(example, "H");
  const Bytes k = Group::vector_nonce(example);

  EXPECT_EQ(Group::multiply_base(x), hex_field(example, "PK"));
  EXPECT_EQ(Group::multiply(x, h), gamma);
  EXPECT_EQ(Group::nonce(s, c, x), k);
  EXPECT_EQ(Group::multiply_base(k), hex_field(example, "U"));
  EXPECT_EQ(Group::multiply(k, h), hex_field(example, "V"));
}

// The output is beta, of which the Ed25519 suite keeps 32 bytes.
HashValue cut_beta(const nlohmann::json& example) {
  const Bytes beta = hex_field(example, "beta");
  HashValue output;
  std::copy_n(beta.begin(), output.size(), output.begin());
  return output;
}

std::string rfc_case_name(const ::testing::TestParamInfo<RfcCase>& info) {
  return test_name(info.param.name());
}

class Rfc9381 : public ::testing::TestWithParam<RfcCase> {};

INSTANTIATE_TEST_SUITE_P(Vectors, Rfc9381, ::testing::ValuesIn(rfc_cases()), rfc_case_name);

TEST_P(Rfc9381, ProvesAndVerifies) {
  const auto& [suite, example] = GetParam();
  const Bytes alpha = hex_field(example, "alpha");
  const Bytes pi = hex_field(example, "pi");
  const auto prover = VrfPrivateKey::from_secret(suite, hex_field(example, "SK")).value();
  EXPECT_EQ(prover.public_key(), hex_field(example, "PK"));
  EXPECT_EQ(prover.prove(alpha).value(), (VrfOutputAndProof{cut_beta(example), pi}));
  const auto verifier = VrfPublicKey::parse(suite, hex_field(example, "PK")).value();
  EXPECT_EQ(verifier.verify(alpha, pi).value(), cut_beta(example));
}

TEST_P(Rfc9381, IntermediateValues) {
  const auto& [suite, example] = GetParam();
  const auto prover = VrfPrivateKey::from_secret(suite, hex_field(example, "SK")).value();
  const Bytes proof = prover.prove(hex_field(example, "alpha")).value().proof;
  if (suite == kP256Suite) {
    expect_intermediate_values<P256Group>(example, proof);
  } else {
    expect_intermediate_values<Ed25519Group>(example, proof);
  }
}

TEST(VrfVectors, AllCasesAreThere) {
  const auto keytrans = vector_cases(kKeytransFile).size();
  const auto rfc = rfc_cases().size();
  std::cout << "vrf.json: " << keytrans << " cases\n"
            << "rfc9381-ecvrf-tai.json: " << rfc << " cases\n";
  EXPECT_EQ(keytrans, 11U);
  EXPECT_EQ(rfc, 6U);
}

}  // namespace
}  // namespace kt::keytrans
