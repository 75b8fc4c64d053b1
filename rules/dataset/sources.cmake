# Sources of this folder, for the target rules.
target_sources(rules PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/anomaly.cpp
  ${CMAKE_CURRENT_LIST_DIR}/attribute_path.cpp
  ${CMAKE_CURRENT_LIST_DIR}/binary.cpp
  ${CMAKE_CURRENT_LIST_DIR}/charset.cpp
  ${CMAKE_CURRENT_LIST_DIR}/converters.cpp
  ${CMAKE_CURRENT_LIST_DIR}/dictionary.cpp
  ${CMAKE_CURRENT_LIST_DIR}/element.cpp
  ${CMAKE_CURRENT_LIST_DIR}/file_view.cpp
  ${CMAKE_CURRENT_LIST_DIR}/inflate.cpp
  ${CMAKE_CURRENT_LIST_DIR}/iso_2022.cpp
  ${CMAKE_CURRENT_LIST_DIR}/parser.cpp
  ${CMAKE_CURRENT_LIST_DIR}/parser_checks.cpp
  ${CMAKE_CURRENT_LIST_DIR}/recent_attributes.cpp
  ${CMAKE_CURRENT_LIST_DIR}/transfer_syntax.cpp
  ${CMAKE_CURRENT_LIST_DIR}/values.cpp
  ${CMAKE_CURRENT_LIST_DIR}/writer.cpp)
find_package(ZLIB REQUIRED)
target_link_libraries(rules PRIVATE ZLIB::ZLIB)
