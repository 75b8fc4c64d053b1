# Sources of this folder, for the target rules.
target_sources(rules PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/checks.cpp
  ${CMAKE_CURRENT_LIST_DIR}/condition.cpp
  ${CMAKE_CURRENT_LIST_DIR}/equivalents.cpp
  ${CMAKE_CURRENT_LIST_DIR}/evaluate.cpp
  ${CMAKE_CURRENT_LIST_DIR}/findings.cpp
  ${CMAKE_CURRENT_LIST_DIR}/geometry.cpp
  ${CMAKE_CURRENT_LIST_DIR}/header_quantities.cpp
  ${CMAKE_CURRENT_LIST_DIR}/history.cpp
  ${CMAKE_CURRENT_LIST_DIR}/kernel.cpp
  ${CMAKE_CURRENT_LIST_DIR}/nuclide.cpp
  ${CMAKE_CURRENT_LIST_DIR}/observe.cpp
  ${CMAKE_CURRENT_LIST_DIR}/pet.cpp
  ${CMAKE_CURRENT_LIST_DIR}/plausible.cpp
  ${CMAKE_CURRENT_LIST_DIR}/predicate.cpp
  ${CMAKE_CURRENT_LIST_DIR}/projection.cpp
  ${CMAKE_CURRENT_LIST_DIR}/scanner.cpp
  ${CMAKE_CURRENT_LIST_DIR}/slots.cpp
  ${CMAKE_CURRENT_LIST_DIR}/stack_kind.cpp
  ${CMAKE_CURRENT_LIST_DIR}/stacks.cpp
  ${CMAKE_CURRENT_LIST_DIR}/timing.cpp
  ${CMAKE_CURRENT_LIST_DIR}/verdict.cpp
  ${CMAKE_CURRENT_LIST_DIR}/verdict_json.cpp
  ${CMAKE_CURRENT_LIST_DIR}/visit.cpp)
