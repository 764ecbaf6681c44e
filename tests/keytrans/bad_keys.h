// PEM texts that are not a private key of either suite. The keys were made for these tests with
// `openssl genpkey` and `openssl pkcs8`.
#pragma once

#include <array>
#include <string_view>

namespace kt::keytrans {

struct BadKey {
  std::string_view what;
  std::string_view pem;
};

inline constexpr std::array kBadKeys{
    BadKey{"nothing", ""},
    BadKey{"not PEM", "hello"},
    BadKey{"no end line",
           "-----BEGIN PRIVATE KEY-----\n"
           "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"},
    BadKey{"empty block", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"},
    BadKey{"a byte after the structure",
           "-----BEGIN PRIVATE KEY-----\n"
           "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9gAA==\n"
           "-----END PRIVATE KEY-----\n"},
    BadKey{"P-384",
           "-----BEGIN PRIVATE KEY-----\n"
           "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDCZNyne4UhJ8duX1Kqo\n"
           "7NG5Ga5OLK11PZdkMHeT4pMaCprhz6GwNkFnLYz9JAzRn+ChZANiAATDIbe5FmL7\n"
           "TC452kx4NCGkNuPV8pFeh5u65zCDb+2ZxsTryCOZMt6TN7dlUsc3mtrgl2eDrSIS\n"
           "xDOL+/2sdjXJTASIKdVVV0frIjJ36dBo3aGZUcXi7Nf7yU0krdRGEBA=\n"
           "-----END PRIVATE KEY-----\n"},
    BadKey{"X25519",
           "-----BEGIN PRIVATE KEY-----\n"
           "MC4CAQAwBQYDK2VuBCIEIOjnTuG/PYzLQ0ljXQI9M2qoM8Y4v+h1rE4G5ltrUSNh\n"
           "-----END PRIVATE KEY-----\n"},
    BadKey{"P-256 in SEC 1's form instead of PKCS#8",
           "-----BEGIN EC PRIVATE KEY-----\n"
           "MHcCAQEEINVoZiw3WO2Mr8ZEENwUvqSlZQC+fqI9vHvv0ZRtSH0MoAoGCCqGSM49\n"
           "AwEHoUQDQgAE6oYjm4DOgl+b2jtZpJsP4h7v58/JJ9BJ7DrICJiLb7O1g/l4jZOf\n"
           "bNoyTkIkEEHiPNAuqXZ/J0LlP5QwDnK3UQ==\n"
           "-----END EC PRIVATE KEY-----\n"},
    BadKey{"P-256 with the public key of another",
           "-----BEGIN PRIVATE KEY-----\n"
           "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg1WhmLDdY7YyvxkQQ\n"
           "3BS+pKVlAL5+oj28e+/RlG1IfQyhRANCAAT4I8Gs5c/k1+695z1dulXeDRmPFfu0\n"
           "REYzh4uZ8l6EmfyWd1zB6ta42Tv3/RAMQYCkLunBUBaFg3o/tbNCZkep\n"
           "-----END PRIVATE KEY-----\n"},
    BadKey{"P-256, encrypted",
           "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
           "MIHrMFYGCSqGSIb3DQEFDTBJMCgGCSqGSIb3DQEFDDAbBAjn1xFcqH+MgQIBATAM\n"
           "BggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQcppbrjTKCI//jPMLLm53pwSBkBVo\n"
           "6ZiNvVhZmGPt7rw/OS6EttZgE2RGFuQ4ymiVEgKaQQB2Cafmw9iyfsTAOgkFNH+m\n"
           "qJkkIli2V0vsSE0v0SZ546Tdd0yLuUakDdL2fZhNsG1tYo+HiMBYLHVW3Mp0zXn3\n"
           "HVhUtNmNDuCZKaxtJsbZ5A6ynh+PbFC2UrDBKcOj3HxLx6uTYjku7Z5FaztxwA==\n"
           "-----END ENCRYPTED PRIVATE KEY-----\n"},
    // Would have libcrypto ask for a password on the terminal.
    BadKey{"encrypted by PEM itself",
           "-----BEGIN PRIVATE KEY-----\n"
           "Proc-Type: 4,ENCRYPTED\n"
           "DEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n"
           "\n"
           "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
           "-----END PRIVATE KEY-----\n"},
};

}  // namespace kt::keytrans
