#pragma once

#include <spawnai/sandbox/provider.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spawnai::sandbox {

/// A multipart/form-data body that is read piece by piece out of the files it is made of; they must outlive it.
class MultipartBody {
 public:
    /// Each file is a part named `file` whose file name is its path. `boundary` must not occur in the files.
    MultipartBody(std::span<const FileUpload* const> files, std::string boundary);

    [[nodiscard]] std::string content_type() const { return "multipart/form-data; boundary=" + boundary_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    /// The next bytes, 0 at the end.
    std::size_t read(char* buffer, std::size_t size);

    /// Whether `path` means the same to every multipart reader; others have to be named another way.
    [[nodiscard]] static bool can_name(std::string_view path) noexcept;

 private:
    std::string boundary_;
    std::vector<std::string> heads_;
    std::vector<std::string_view> pieces_;
    std::size_t size_ = 0;
    std::size_t piece_ = 0;
    std::size_t offset_ = 0;
};

}  // namespace spawnai::sandbox
