#include <spawnai/core/error.hpp>
#include <spawnai/core/interrupt.hpp>

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <ctime>
#include <thread>

namespace spawnai {

struct InterruptWatcher::State {
    sigset_t watched{};
    sigset_t previous{};
    void (*on_second)() noexcept = nullptr;
    std::stop_source source;
    std::atomic<int> first_signal{0};
    std::jthread waiter;
};

InterruptWatcher::InterruptWatcher(void (*on_second)() noexcept) : state_(new State) {
    ::signal(SIGPIPE, SIG_IGN);
    state_->on_second = on_second;
    sigemptyset(&state_->watched);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        struct sigaction action {};
        // nohup and background jobs of a shell without job control start us with the signal ignored; that
        // choice stands.
        if (::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) continue;
        sigaddset(&state_->watched, number);
    }
    // SIGUSR2 is how the destructor ends the wait.
    sigaddset(&state_->watched, SIGUSR2);
    ::pthread_sigmask(SIG_BLOCK, &state_->watched, &state_->previous);
    State* state = state_;
    state_->waiter = std::jthread([state](const std::stop_token& over) {
        for (;;) {
            int number = 0;
            if (::sigwait(&state->watched, &number) != 0) continue;
            if (over.stop_requested()) return;
            if (number == SIGUSR2) continue;
            int none = 0;
            if (state->first_signal.compare_exchange_strong(none, number)) {
                state->source.request_stop();
                continue;
            }
            if (state->on_second != nullptr) state->on_second();
            ::_exit(128 + number);
        }
    });
}

InterruptWatcher::~InterruptWatcher() {
    state_->waiter.request_stop();
    ::pthread_kill(state_->waiter.native_handle(), SIGUSR2);
    state_->waiter.join();
    ::pthread_sigmask(SIG_SETMASK, &state_->previous, nullptr);
    delete state_;
}

std::stop_token InterruptWatcher::token() const noexcept {
    return state_->source.get_token();
}

int InterruptWatcher::signal() const noexcept {
    return state_->first_signal;
}

void InterruptWatcher::check() const {
    if (const int number = signal(); number != 0) throw Interrupted(number);
}

}  // namespace spawnai
