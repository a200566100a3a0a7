#include "engine/address_policy.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace spawnai::engine;

namespace {

std::string verdict(const char* text, const std::vector<IpAddress>& host = {}) {
    const auto address = IpAddress::parse(text);
    REQUIRE_MESSAGE(address.has_value(), text);
    return std::string(denial(*address, host));
}

}  // namespace

TEST_CASE("what is not the public internet is denied") {
    const std::pair<const char*, const char*> table[] = {
        {"0.0.0.0", "unspecified"},
        {"10.0.0.1", "private"},
        {"10.255.255.255", "private"},
        {"100.64.0.1", "carrier-grade NAT"},
        {"100.127.255.255", "carrier-grade NAT"},
        {"127.0.0.1", "loopback"},
        {"127.255.0.1", "loopback"},
        {"169.254.169.254", "link-local"},
        {"172.16.0.1", "private"},
        {"172.31.255.255", "private"},
        {"192.0.0.1", "reserved"},
        {"192.0.2.1", "documentation"},
        {"192.88.99.1", "reserved"},
        {"192.168.1.1", "private"},
        {"198.18.0.1", "benchmarking"},
        {"198.19.255.255", "benchmarking"},
        {"198.51.100.7", "documentation"},
        {"203.0.113.9", "documentation"},
        {"224.0.0.1", "multicast"},
        {"239.255.255.255", "multicast"},
        {"240.0.0.1", "reserved"},
        {"255.255.255.255", "reserved"},
        {"::", "unspecified"},
        {"::1", "loopback"},
        {"::7f00:1", "unspecified"},
        {"fc00::1", "unique local"},
        {"fdff::1", "unique local"},
        {"fe80::1", "link-local"},
        {"febf::1", "link-local"},
        {"fec0::1", "site-local"},
        {"ff02::1", "multicast"},
        {"2001:db8::1", "documentation"},
        {"::ffff:127.0.0.1", "loopback"},
        {"::ffff:10.0.0.1", "private"},
        {"64:ff9b::10.0.0.1", "private"},
        {"64:ff9b::169.254.169.254", "link-local"},
        {"64:ff9b:1::1", "private"},
        {"2002:7f00:1::", "loopback"},
        {"2002:a00:1::", "private"},
        {"2001::1", "tunnel"},
        {"100::1", "discard"},
        {"3fff::1", "documentation"},
    };
    for (const auto& row : table) CHECK_MESSAGE(verdict(row.first) == row.second, row.first);
}

TEST_CASE("the public internet is open") {
    for (const char* address :
         {"1.1.1.1",          "8.8.8.8",         "9.255.255.255",   "11.0.0.0",        "100.63.255.255",
          "100.128.0.0",      "126.255.255.255", "128.0.0.1",       "169.253.255.255", "172.15.255.255",
          "172.32.0.0",       "192.0.1.1",       "192.167.255.255", "198.17.255.255",  "198.20.0.0",
          "203.0.114.0",      "223.255.255.255", "2606:4700::1111", "2a00::1",         "::ffff:1.1.1.1",
          "64:ff9b::8.8.8.8", "2002:101:101::"})
        CHECK_MESSAGE(verdict(address).empty(), address);
}

TEST_CASE("this machine's own addresses are denied whatever they are") {
    const std::vector<IpAddress> host{*IpAddress::parse("198.41.0.4"), *IpAddress::parse("2606:4700::1")};
    CHECK(verdict("198.41.0.4", host) == "an address of this machine");
    CHECK(verdict("::ffff:198.41.0.4", host) == "an address of this machine");
    CHECK(verdict("2606:4700::1", host) == "an address of this machine");
    CHECK(verdict("198.41.0.5", host).empty());
    bool loopback_listed = false;
    for (const IpAddress& address : addresses_of_this_host())
        loopback_listed = loopback_listed || address.str() == "127.0.0.1";
    CHECK(loopback_listed);
}

TEST_CASE("addresses are read and written") {
    CHECK(IpAddress::parse("10.1.2.3")->str() == "10.1.2.3");
    CHECK(IpAddress::parse("FE80::0:1")->str() == "fe80::1");
    for (const char* bad : {"", "10.1.2", "10.1.2.3.4", "010.1.2.3x", "host", "1.2.3.256", "::g"})
        CHECK_MESSAGE(!IpAddress::parse(bad).has_value(), bad);
}
