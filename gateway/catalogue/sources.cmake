# Sources of this folder, for the target gateway.
target_sources(gateway PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/attributes.cpp
  ${CMAKE_CURRENT_LIST_DIR}/find.cpp
  ${CMAKE_CURRENT_LIST_DIR}/key_match.cpp
  ${CMAKE_CURRENT_LIST_DIR}/keys.cpp
  ${CMAKE_CURRENT_LIST_DIR}/query.cpp
  ${CMAKE_CURRENT_LIST_DIR}/recorder.cpp
  ${CMAKE_CURRENT_LIST_DIR}/response.cpp
  ${CMAKE_CURRENT_LIST_DIR}/shown_instances.cpp
  ${CMAKE_CURRENT_LIST_DIR}/text_match.cpp
  ${CMAKE_CURRENT_LIST_DIR}/visibility.cpp
  ${CMAKE_CURRENT_LIST_DIR}/walk.cpp)
