#include "engine/dns_message.hpp"

#include <doctest/doctest.h>

using namespace spawnai::engine;

namespace {

std::string bytes(std::initializer_list<int> values) {
    std::string text;
    for (const int value : values) text += static_cast<char>(value);
    return text;
}

std::string query(int type) {
    return bytes({0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 'N', 'p', 'm', 2, 'j', 's', 0, 0, type, 0, 1});
}

std::string answer() {
    std::string text = query(k_dns_a);
    text[2] = static_cast<char>(0x81);
    text[7] = 2;
    // A CNAME by pointer, then an address.
    text += bytes({0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 2, 0xc0, 12});
    text += bytes({0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 1, 2, 3});
    return text;
}

}  // namespace

TEST_CASE("the question of a query is read") {
    const auto question = parse_dns_question(query(k_dns_aaaa));
    REQUIRE(question.has_value());
    CHECK(question->name == "npm.js");
    CHECK(question->type == k_dns_aaaa);
    CHECK(question->end == query(1).size());
}

TEST_CASE("every cut of a message is refused without harm") {
    const std::string whole = query(k_dns_a);
    for (std::size_t size = 0; size < whole.size(); ++size)
        CHECK_FALSE(parse_dns_question(whole.substr(0, size)).has_value());
    const std::string reply = answer();
    for (std::size_t size = 0; size < reply.size(); ++size) CHECK(parse_dns_addresses(reply.substr(0, size)).empty());
    CHECK_FALSE(parse_dns_question(reply).has_value());
    std::string pointer_in_question = whole;
    pointer_in_question[12] = static_cast<char>(0xc0);
    CHECK_FALSE(parse_dns_question(pointer_in_question).has_value());
}

TEST_CASE("the empty answer repeats the question and carries the code") {
    const std::string asked = query(k_dns_aaaa);
    const std::string reply = make_empty_dns_answer(asked, *parse_dns_question(asked), 2);
    CHECK(reply.size() == asked.size());
    CHECK(reply.substr(0, 2) == asked.substr(0, 2));
    CHECK((static_cast<unsigned char>(reply[2]) & 0x81U) == 0x81U);
    CHECK((static_cast<unsigned char>(reply[3]) & 0x0fU) == 2U);
    CHECK(reply.substr(12) == asked.substr(12));
}

TEST_CASE("addresses of an answer are found behind names that are pointers") {
    const auto addresses = parse_dns_addresses(answer());
    REQUIRE(addresses.size() == 1);
    CHECK(addresses[0].str() == "10.1.2.3");
}
