#include "engine/egress.hpp"

#include "engine/dns_message.hpp"
#include "engine/netns_sockets.hpp"
#include "engine/relay.hpp"

#include <spawnai/core/guarded.hpp>
#include <spawnai/core/json.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <map>
#include <set>

namespace spawnai::engine {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;
using boost::system::error_code;

constexpr std::size_t k_most_connections = 256;
constexpr std::size_t k_most_lookups = 64;
constexpr std::chrono::seconds k_dial_patience{10};
constexpr std::chrono::milliseconds k_lookup_patience{2500};
constexpr std::chrono::hours k_exempt_for{1};
constexpr std::size_t k_most_learned = 1024;

auto into(error_code& error) {
    return asio::redirect_error(asio::use_awaitable, error);
}

asio::ip::address to_asio(const IpAddress& address) {
    if (address.v6) return asio::ip::address_v6(address.v6_bytes);
    return asio::ip::address_v4(address.v4);
}

IpAddress from_asio(const asio::ip::address& address) {
    IpAddress result;
    if (address.is_v4()) {
        result.v4 = address.to_v4().to_uint();
    } else {
        result.v6 = true;
        result.v6_bytes = address.to_v6().to_bytes();
    }
    return result;
}

/// One sandbox's way out. Lives on the io thread.
struct Way {
    Way(asio::io_context& io, std::string sandbox) : id(std::move(sandbox)), lookup_socket(io), lookup_acceptor(io) {}
    std::string id;
    std::vector<tcp::acceptor> acceptors;
    udp::socket lookup_socket;
    tcp::acceptor lookup_acceptor;
    std::set<std::shared_ptr<tcp::socket>> open;  ///< sockets to end when the sandbox does
    std::size_t connections = 0;
    std::size_t lookups = 0;
    bool closed = false;

    void close() {
        closed = true;
        error_code ignored;
        for (tcp::acceptor& acceptor : acceptors) acceptor.close(ignored);
        lookup_socket.close(ignored);
        lookup_acceptor.close(ignored);
        for (const auto& socket : open) socket->close(ignored);
    }
};

/// Cancels what a socket waits for after a while. Shares the socket, so a late expiry finds it alive.
template <class Socket>
void cancel_after(asio::steady_timer& timer, const std::shared_ptr<Socket>& socket,
                  std::chrono::milliseconds patience) {
    timer.expires_after(patience);
    timer.async_wait([socket](const error_code& error) {
        error_code ignored;
        if (!error) socket->close(ignored);
    });
}

void reset_connection(tcp::socket& socket) {
    error_code ignored;
    socket.set_option(asio::socket_base::linger(true, 0), ignored);
    socket.close(ignored);
}

}  // namespace

struct Egress::State : std::enable_shared_from_this<State> {
    State(asio::io_context& context, HostNetwork host, std::vector<IpAddress> servers, Log diagnostics)
        : io(context), network(std::move(host)), name_servers(std::move(servers)), log(std::move(diagnostics)) {}

    asio::io_context& io;
    const HostNetwork network;
    const std::vector<IpAddress> name_servers;
    const Log log;
    std::map<std::string, std::shared_ptr<Way>> ways;  ///< io thread only, as is the next
    std::map<IpAddress, std::chrono::steady_clock::time_point>
        learned_exempt;  ///< what exempt names resolved to, until when

    [[nodiscard]] std::string_view judge(const IpAddress& address) const {
        for (const IpAddress& exempt : network.exempt_addresses)
            if (exempt == address) return {};
        const auto learned = learned_exempt.find(address);
        if (learned != learned_exempt.end() && learned->second > std::chrono::steady_clock::now()) return {};
        return denial(address, addresses_of_this_host());
    }

    void learn(const DnsQuestion& question, std::string_view answer) {
        if (question.type != k_dns_a || network.exempt_names.count(question.name) == 0) return;
        if (learned_exempt.size() > k_most_learned) learned_exempt.clear();
        for (const IpAddress& address : parse_dns_addresses(answer))
            learned_exempt[address] = std::chrono::steady_clock::now() + k_exempt_for;
    }

    asio::awaitable<void> accept_connections(std::shared_ptr<Way> way, std::size_t index) {
        while (!way->closed) {
            error_code error;
            auto inside = std::make_shared<tcp::socket>(io);
            co_await way->acceptors[index].async_accept(*inside, into(error));
            if (way->closed || error == asio::error::operation_aborted) co_return;
            if (error) continue;
            if (way->connections >= k_most_connections) {
                log.write(LogLevel::warn, "egress_too_many_connections", {{"sandbox", way->id}});
                reset_connection(*inside);
                continue;
            }
            asio::co_spawn(io, serve_connection(shared_from_this(), way, inside), asio::detached);
        }
    }

    static asio::awaitable<void> serve_connection(std::shared_ptr<State> self, std::shared_ptr<Way> way,
                                                  std::shared_ptr<tcp::socket> inside) {
        error_code error;
        const tcp::endpoint wanted = inside->local_endpoint(error);
        if (error) co_return;
        const IpAddress address = from_asio(wanted.address());
        const std::string_view why = self->judge(address);
        if (!why.empty()) {
            self->log.write(LogLevel::warn, "egress_denied",
                            {{"sandbox", way->id}, {"address", address.str()}, {"port", wanted.port()}, {"why", why}});
            reset_connection(*inside);
            co_return;
        }
        ++way->connections;
        auto outside = std::make_shared<tcp::socket>(self->io);
        way->open.insert({inside, outside});
        {
            asio::steady_timer timer(self->io);
            cancel_after(timer, outside, k_dial_patience);
            co_await outside->async_connect(wanted, into(error));
        }
        if (error || way->closed) {
            reset_connection(*inside);
        } else {
            error_code ignored;
            inside->set_option(tcp::no_delay(true), ignored);
            outside->set_option(tcp::no_delay(true), ignored);
            co_await relay_both_ways(*inside, *outside);
        }
        --way->connections;
        way->open.erase(inside);
        way->open.erase(outside);
    }

    /// The answer of the first name server that gives one in time; empty when none does.
    static asio::awaitable<std::string> ask_by_datagram(std::shared_ptr<State> self, std::string query) {
        std::string answer(65535, '\0');
        for (const IpAddress& server : self->name_servers) {
            const udp::endpoint endpoint(to_asio(server), 53);
            error_code error;
            const auto socket = std::make_shared<udp::socket>(self->io);
            socket->open(endpoint.protocol(), error);
            if (!error) socket->connect(endpoint, error);
            if (error) continue;
            asio::steady_timer timer(self->io);
            cancel_after(timer, socket, k_lookup_patience);
            co_await socket->async_send(asio::buffer(query), into(error));
            while (!error) {
                const std::size_t got = co_await socket->async_receive(asio::buffer(answer), into(error));
                if (error || got < 12 || answer.compare(0, 2, query, 0, 2) != 0) continue;
                answer.resize(got);
                co_return answer;
            }
        }
        co_return std::string();
    }

    static asio::awaitable<std::string> ask_by_stream(std::shared_ptr<State> self, std::string query) {
        for (const IpAddress& server : self->name_servers) {
            error_code error;
            const auto socket = std::make_shared<tcp::socket>(self->io);
            asio::steady_timer timer(self->io);
            cancel_after(timer, socket, 2 * k_lookup_patience);
            co_await socket->async_connect(tcp::endpoint(to_asio(server), 53), into(error));
            if (error) continue;
            const std::string answer = co_await exchange_framed(*socket, query);
            if (!answer.empty()) co_return answer;
        }
        co_return std::string();
    }

    static asio::awaitable<void> send_framed(tcp::socket& socket, std::string_view message, error_code& error) {
        std::string framed{static_cast<char>(message.size() >> 8U), static_cast<char>(message.size() & 0xffU)};
        framed += message;
        co_await asio::async_write(socket, asio::buffer(framed), into(error));
    }

    static asio::awaitable<std::string> receive_framed(tcp::socket& socket) {
        error_code error;
        std::array<unsigned char, 2> length{};
        co_await asio::async_read(socket, asio::buffer(length), into(error));
        if (error) co_return std::string();
        std::string message((static_cast<std::size_t>(length[0]) << 8U) | length[1], '\0');
        co_await asio::async_read(socket, asio::buffer(message), into(error));
        if (error) message.clear();
        co_return message;
    }

    static asio::awaitable<std::string> exchange_framed(tcp::socket& socket, std::string_view query) {
        error_code error;
        co_await send_framed(socket, query, error);
        if (error) co_return std::string();
        co_return co_await receive_framed(socket);
    }

    static asio::awaitable<std::string> look_up(std::shared_ptr<State> self, std::string query, bool stream) {
        const auto question = parse_dns_question(query);
        if (!question) co_return std::string();
        // Only IPv4 leads anywhere from inside; an empty answer keeps clients from trying IPv6 first.
        if (question->type == k_dns_aaaa) co_return make_empty_dns_answer(query, *question, 0);
        std::string answer;
        if (stream) {
            answer = co_await ask_by_stream(self, query);
        } else {
            answer = co_await ask_by_datagram(self, query);
        }
        if (answer.empty()) co_return make_empty_dns_answer(query, *question, 2);
        self->learn(*question, answer);
        co_return answer;
    }

    static asio::awaitable<void> answer_datagram(std::shared_ptr<State> self, std::shared_ptr<Way> way,
                                                 std::string query, udp::endpoint client) {
        ++way->lookups;
        const std::string answer = co_await look_up(self, std::move(query), false);
        --way->lookups;
        error_code ignored;
        if (!answer.empty() && !way->closed)
            co_await way->lookup_socket.async_send_to(asio::buffer(answer), client, into(ignored));
    }

    asio::awaitable<void> serve_datagrams(std::shared_ptr<Way> way) {
        std::string query(4096, '\0');
        while (!way->closed) {
            error_code error;
            udp::endpoint client;
            const std::size_t got =
                co_await way->lookup_socket.async_receive_from(asio::buffer(query), client, into(error));
            if (way->closed || error == asio::error::operation_aborted) co_return;
            if (error || way->lookups >= k_most_lookups) continue;
            asio::co_spawn(io, answer_datagram(shared_from_this(), way, query.substr(0, got), client), asio::detached);
        }
    }

    static asio::awaitable<void> answer_stream(std::shared_ptr<State> self, std::shared_ptr<Way> way,
                                               std::shared_ptr<tcp::socket> client) {
        ++way->lookups;
        way->open.insert(client);
        asio::steady_timer timer(self->io);
        cancel_after(timer, client, std::chrono::seconds(30));
        for (;;) {
            const std::string query = co_await receive_framed(*client);
            if (query.empty()) break;
            const std::string answer = co_await look_up(self, query, true);
            if (answer.empty()) break;
            error_code error;
            co_await send_framed(*client, answer, error);
            if (error) break;
        }
        way->open.erase(client);
        --way->lookups;
    }

    asio::awaitable<void> accept_streams(std::shared_ptr<Way> way) {
        while (!way->closed) {
            error_code error;
            auto client = std::make_shared<tcp::socket>(io);
            co_await way->lookup_acceptor.async_accept(*client, into(error));
            if (way->closed || error == asio::error::operation_aborted) co_return;
            if (!error && way->lookups < k_most_lookups)
                asio::co_spawn(io, answer_stream(shared_from_this(), way, client), asio::detached);
        }
    }

    void open(const std::string& id, NamespaceSockets sockets) {
        auto way = std::make_shared<Way>(io, id);
        way->lookup_socket.assign(udp::v4(), sockets.dns_datagram.release());
        way->lookup_acceptor.assign(tcp::v4(), sockets.dns_listener.release());
        for (Fd& listener : sockets.listeners) way->acceptors.emplace_back(io, tcp::v4(), listener.release());
        ways[id] = way;
        for (std::size_t i = 0; i < way->acceptors.size(); ++i)
            asio::co_spawn(io, accept_connections(way, i), asio::detached);
        asio::co_spawn(io, serve_datagrams(way), asio::detached);
        asio::co_spawn(io, accept_streams(way), asio::detached);
    }
};

Egress::Egress(asio::io_context& io, HostNetwork network, std::vector<IpAddress> name_servers, Log log)
    : state_(std::make_shared<State>(io, std::move(network), std::move(name_servers), std::move(log))) {}

Egress::~Egress() = default;

const HostNetwork& Egress::network() const noexcept {
    return state_->network;
}

void Egress::attach(const std::string& id, const Fd& network_namespace) {
    std::vector<std::uint16_t> ports{80, 443};
    for (const std::uint16_t port : state_->network.extra_ports)
        if (ports.size() < 8) ports.push_back(port);
    auto sockets = std::make_shared<NamespaceSockets>(open_namespace_sockets(network_namespace, ports));
    asio::post(state_->io, [state = state_, id, sockets] { state->open(id, std::move(*sockets)); });
}

void Egress::detach(const std::string& id) {
    asio::post(state_->io, [state = state_, id] {
        const auto found = state->ways.find(id);
        if (found == state->ways.end()) return;
        found->second->close();
        state->ways.erase(found);
    });
}

}  // namespace spawnai::engine
