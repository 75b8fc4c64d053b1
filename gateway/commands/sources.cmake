# Sources of this folder, for the target gateway.
target_sources(gateway PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/audit.cpp
  ${CMAKE_CURRENT_LIST_DIR}/check_config.cpp
  ${CMAKE_CURRENT_LIST_DIR}/check_files.cpp
  ${CMAKE_CURRENT_LIST_DIR}/decide.cpp
  ${CMAKE_CURRENT_LIST_DIR}/deidentify_files.cpp
  ${CMAKE_CURRENT_LIST_DIR}/derived_file.cpp
  ${CMAKE_CURRENT_LIST_DIR}/hash_passcode.cpp
  ${CMAKE_CURRENT_LIST_DIR}/judged_study.cpp
  ${CMAKE_CURRENT_LIST_DIR}/load_trial_file.cpp
  ${CMAKE_CURRENT_LIST_DIR}/open_store.cpp
  ${CMAKE_CURRENT_LIST_DIR}/person_and_reason.cpp
  ${CMAKE_CURRENT_LIST_DIR}/progress.cpp
  ${CMAKE_CURRENT_LIST_DIR}/query.cpp
  ${CMAKE_CURRENT_LIST_DIR}/replay.cpp
  ${CMAKE_CURRENT_LIST_DIR}/reports.cpp
  ${CMAKE_CURRENT_LIST_DIR}/studies.cpp
  ${CMAKE_CURRENT_LIST_DIR}/study_files.cpp
  ${CMAKE_CURRENT_LIST_DIR}/subjects.cpp
  ${CMAKE_CURRENT_LIST_DIR}/verdict_text.cpp
  ${CMAKE_CURRENT_LIST_DIR}/verify_store.cpp)
