#include "engine/file_signature.hpp"

#include <doctest/doctest.h>

using namespace spawnai::engine;

TEST_CASE("signatures are those of the official SDK") {
    // Made by the SDK (first) and recomputed from its description (others).
    CHECK(sign_file({"/home/user/a b.txt", false, "root", "", {}}, "tok1") ==
          "v1_t9jbgXv5yxJ6AaFOriWmdoUjP1MDB+3std0IWaCvZDk");
    CHECK(sign_file({"/home/user/a.txt", false, "", "", {}}, "tok1") ==
          "v1_RVTJyVSMbKp91iexkq/nz5+/GTcrWfZyaJGul1Ysmfg");
    CHECK(sign_file({"/home/user/a.txt", false, "root", "", "1800000000"}, "tok1") ==
          "v1_CGrLevcazzlJzSTCcv7yriG9Gt4/a7SjrMRxpx6LGi0");
}

TEST_CASE("a signature holds for one path and direction and token and time") {
    SignedFile file{"/a", true, "", "", "1000"};
    file.signature = sign_file(file, "token");
    CHECK(check_signature(file, "token", 999) == SignatureVerdict::valid);
    CHECK(check_signature(file, "token", 1000) == SignatureVerdict::valid);
    CHECK(check_signature(file, "token", 1001) == SignatureVerdict::expired);
    CHECK(check_signature(file, "other", 999) == SignatureVerdict::invalid);
    SignedFile read = file;
    read.write = false;
    CHECK(check_signature(read, "token", 999) == SignatureVerdict::invalid);
    SignedFile later = file;
    later.expiration = "2000";
    CHECK(check_signature(later, "token", 999) == SignatureVerdict::invalid);
    SignedFile unsigned_file{"/a", true, "", "", {}};
    CHECK(check_signature(unsigned_file, "token", 0) == SignatureVerdict::missing);
    SignedFile odd{"/a", true, "", "", "10x"};
    odd.signature = sign_file(odd, "token");
    CHECK(check_signature(odd, "token", 0) == SignatureVerdict::invalid);
}
