#include "sandbox/multipart.hpp"

#include <doctest/doctest.h>

using namespace spawnai::sandbox;

TEST_SUITE("multipart") {
    TEST_CASE("the body is the same whatever the size of the reads") {
        const std::vector<FileUpload> files = {
            {"/app/a.txt", "alpha"}, {"/app/empty", ""}, {"/app/b", std::string(300, 'b')}};
        const std::vector<const FileUpload*> all = {&files[0], &files[1], &files[2]};
        const std::string expected =
            "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"/app/a.txt\"\r\n"
            "Content-Type: application/octet-stream\r\n\r\nalpha"
            "\r\n--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"/app/empty\"\r\n"
            "Content-Type: application/octet-stream\r\n\r\n"
            "\r\n--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"/app/b\"\r\n"
            "Content-Type: application/octet-stream\r\n\r\n" +
            std::string(300, 'b') + "\r\n--B--\r\n";
        for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{64}, std::size_t{100000}}) {
            CAPTURE(step);
            MultipartBody body(all, "B");
            std::string read;
            std::string buffer(step, '\0');
            while (const std::size_t count = body.read(buffer.data(), step)) read.append(buffer, 0, count);
            CHECK(read == expected);
            CHECK(body.size() == expected.size());
        }
    }

    TEST_CASE("names that readers disagree about are not put into a part") {
        CHECK(MultipartBody::can_name("/app/ünï code (1).txt"));
        for (const char* name : {"/a\"b", "/a\\b", "/a\rb", "/a\nb", "/a%22b", "/a\x7f"}) {
            CAPTURE(name);
            CHECK_FALSE(MultipartBody::can_name(name));
        }
    }
}
