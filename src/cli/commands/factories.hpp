#pragma once

#include "../command.hpp"

#include <memory>

namespace spawnai::cli {

// One per file of this folder, for the command table.
std::unique_ptr<Command> make_complete();
std::unique_ptr<Command> make_completion();
std::unique_ptr<Command> make_config_get();
std::unique_ptr<Command> make_config_list();
std::unique_ptr<Command> make_config_path();
std::unique_ptr<Command> make_config_set();
std::unique_ptr<Command> make_cost();
std::unique_ptr<Command> make_doctor();
std::unique_ptr<Command> make_engine_env();
std::unique_ptr<Command> make_engine_run();
std::unique_ptr<Command> make_engine_start();
std::unique_ptr<Command> make_engine_status();
std::unique_ptr<Command> make_engine_stop();
std::unique_ptr<Command> make_export();
std::unique_ptr<Command> make_extend();
std::unique_ptr<Command> make_gc();
std::unique_ptr<Command> make_generate();
std::unique_ptr<Command> make_help();
std::unique_ptr<Command> make_keys_list();
std::unique_ptr<Command> make_keys_rm();
std::unique_ptr<Command> make_keys_set();
std::unique_ptr<Command> make_kill();
std::unique_ptr<Command> make_list();
std::unique_ptr<Command> make_logs();
std::unique_ptr<Command> make_open();
std::unique_ptr<Command> make_pause();
std::unique_ptr<Command> make_plan();
std::unique_ptr<Command> make_prompt_show();
std::unique_ptr<Command> make_respawn();
std::unique_ptr<Command> make_resume();
std::unique_ptr<Command> make_show();
std::unique_ptr<Command> make_spawn();
std::unique_ptr<Command> make_stats();
std::unique_ptr<Command> make_validate();

}  // namespace spawnai::cli
