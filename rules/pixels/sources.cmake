# Sources of this folder, for the target rules.
target_sources(rules PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/blank.cpp
  ${CMAKE_CURRENT_LIST_DIR}/burned_in_risk.cpp
  ${CMAKE_CURRENT_LIST_DIR}/coded_frames.cpp
  ${CMAKE_CURRENT_LIST_DIR}/frame_decoder.cpp
  ${CMAKE_CURRENT_LIST_DIR}/jpeg_2000_decoder.cpp
  ${CMAKE_CURRENT_LIST_DIR}/jpeg_markers.cpp
  ${CMAKE_CURRENT_LIST_DIR}/mask.cpp
  ${CMAKE_CURRENT_LIST_DIR}/new_pixels.cpp
  ${CMAKE_CURRENT_LIST_DIR}/pixel_format.cpp
  ${CMAKE_CURRENT_LIST_DIR}/recognizable_features.cpp
  ${CMAKE_CURRENT_LIST_DIR}/rle_decoder.cpp
  ${CMAKE_CURRENT_LIST_DIR}/uncompressed.cpp)
