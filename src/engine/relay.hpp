#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <memory>

namespace spawnai::engine {

/// Copies until `from` ends, then ends the sending side of `to`; when either breaks, both are shut.
template <class From, class To>
boost::asio::awaitable<void> relay_one_way(From& from, To& to) {
    constexpr std::size_t k_piece = 65536;
    const auto piece = std::make_unique<std::array<char, k_piece>>();
    boost::system::error_code error;
    boost::system::error_code ignored;
    for (;;) {
        const std::size_t got = co_await from.async_read_some(
            boost::asio::buffer(*piece), boost::asio::redirect_error(boost::asio::use_awaitable, error));
        if (error) break;
        co_await boost::asio::async_write(to, boost::asio::buffer(piece->data(), got),
                                          boost::asio::redirect_error(boost::asio::use_awaitable, error));
        if (error) break;
    }
    if (error == boost::asio::error::eof) {
        to.shutdown(boost::asio::socket_base::shutdown_send, ignored);
    } else {
        from.shutdown(boost::asio::socket_base::shutdown_both, ignored);
        to.shutdown(boost::asio::socket_base::shutdown_both, ignored);
    }
}

/// Copies both ways until both directions ended.
template <class Left, class Right>
boost::asio::awaitable<void> relay_both_ways(Left& left, Right& right) {
    using namespace boost::asio::experimental::awaitable_operators;
    co_await (relay_one_way(left, right) && relay_one_way(right, left));
}

}  // namespace spawnai::engine
