// Commitments to the value of a label-version pair, and its VRF input.
//
// Source: draft, "Commitment", "Verifiable Random Function", "Management".
// Thread rule: pure functions.
#pragma once

#include "keytrans/messages.h"

namespace kt::keytrans {

// What a version skipped by a Third-Party Manager maps to ("Management").
inline constexpr HashValue kSkippedCommitment{};

// HMAC(Kc, CommitmentValue). Errors: malformed when the value cannot be encoded.
Result<HashValue> commit(const CommitmentValue& value, const WireContext& context);

// The VRF's input for a label-version pair: the encoded VrfInput.
[[nodiscard]] Bytes vrf_input(const Label& label, Version version);

}  // namespace kt::keytrans
