#include "rules/deidentify/imaging_words.h"

#include <unordered_set>

namespace trialgate::rules {
namespace {

// Each word is followed by a space. Names that are words as well (Young, Bravo, May) have no place here.
constexpr std::string_view examinations =
    "2d 3d 4d abd abdomen abdominal ac acquisition adc adrenal after and angio ankle ant anterior "
    "aorta ap apical arm arterial artery attenuation average ax axial axials b0 base before bilateral "
    "bladder body bone brain breast breath c cardiac cartilage caudal cc cerebral cervical chest cine "
    "clavicle colon comparison complete contrast cor coronal coronary corrected correction cranial ct "
    "cta dce decubitus delay delayed diagnostic diffusion dir dixon doppler dose duodenum dwi dynamic "
    "echo elbow emission enhanced epi equilibrium esophagus excretory expiration extremity fast fat "
    "fatsat femur fetal field fiesta fine finger flair foot free fs fse fspgr fused fusion gated "
    "gradient gre hand haste head heart helical hepatic hepatobiliary high hip hold hrct humerus "
    "iliac image images in inferior inspiration iso isotropic iv kidney knee kub l lat lateral ldct "
    "left leg limb limited liver localizer low lower lumbar lung lungs lymph magnitude mammo "
    "mammogram mammography mandible map maxilla mediastinum mid mip mlo mpr mprage mr mra mri nac "
    "native neck nephrographic nm non oblique of on opposed oral orbit ovary pa pancreas parenchyma "
    "pd pdw pelvic pelvis perfusion pet phase plain portable portal post posterior pre prone prostate "
    "proton pulmonary r radius recon rectum renal respiratory rest rib ribs right routine sacrum sag "
    "sagittal sat scan scapula scout screening sequence series sharp shoulder single sinus skull "
    "slice slices small smooth soft spectroscopy spgr spin spine spiral spleen standard stir stomach "
    "stress study subtraction superior supine suppressed surview swi t1 t1w t2 t2w tap thick thigh "
    "thin thoracic thorax thyroid tibia tirm tissue to tof tomo tomosynthesis topogram tra trachea "
    "transverse tse turbo ulna unenhanced upper ureter us uterus vein venous vertex vessel vibe view "
    "views volume w wb weighted whole window with without wo wrist xr ";
// Agents, their brands, and the usual strengths in mg of iodine a millilitre.
constexpr std::string_view contrast_agents =
    "300 320 350 370 400 barium dotarem eovist fdg gadobenate gadobutrol gadodiamide gadolinium "
    "gadopentetate gadoterate gadoteric gadoteridol gadovist gadoxetate gd iobitridol iodine "
    "iodixanol iohexol iomeprol iomeron iopamidol iopromide ioversol isovue magnevist multihance "
    "omnipaque omniscan optiray primovist prohance ultravist visipaque water ";
constexpr std::string_view reasons =
    "a abscess adenoma assessment biopsy cancer carcinoma chemotherapy cirrhosis colorectal cough "
    "cyst edema effusion embolism evaluate evaluation fever follow followup fracture glioblastoma "
    "glioma hemorrhage hepatocellular history infarct infection ischemia lesion lesions lymphoma mass "
    "melanoma metastases metastasis metastatic myeloma node nodes nodule nodules out pain pneumonia "
    "primary progression radiotherapy recurrence response restaging rule sarcoma secondary staging "
    "status stroke surgery suspected the therapy thrombosis trauma treatment tumor tumors tumour up ";

std::unordered_set<std::string_view> words() {
  std::unordered_set<std::string_view> result;
  for (const std::string_view list : {examinations, contrast_agents, reasons}) {
    for (std::size_t begin = 0; begin < list.size();) {
      const std::size_t end = list.find(' ', begin);
      result.insert(list.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  return result;
}

}  // namespace

bool is_imaging_word(std::string_view folded) noexcept {
  static const std::unordered_set<std::string_view> known = words();
  return known.contains(folded);
}

}  // namespace trialgate::rules
