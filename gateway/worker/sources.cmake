# Sources of this folder, for the target gateway.
target_sources(gateway PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/examine_all.cpp
  ${CMAKE_CURRENT_LIST_DIR}/frame.cpp
  ${CMAKE_CURRENT_LIST_DIR}/instance_jobs.cpp
  ${CMAKE_CURRENT_LIST_DIR}/instance_replies.cpp
  ${CMAKE_CURRENT_LIST_DIR}/instance_workers.cpp
  ${CMAKE_CURRENT_LIST_DIR}/pixel_spool.cpp
  ${CMAKE_CURRENT_LIST_DIR}/run_worker.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sandbox.cpp
  ${CMAKE_CURRENT_LIST_DIR}/worker_pool.cpp
  ${CMAKE_CURRENT_LIST_DIR}/worker_process.cpp)
