#include "level1.h"

// Each parameter holds the one before twice: gigabytes when written out.
extern "C" void bomb() __asm__(
    "_Z1fSt4pairIiiES_IS0_S0_ES_IS1_S1_ES_IS2_S2_ES_IS3_S3_ES_IS4_S4_ES_IS5_S5_ES_IS6_S6_ES_IS7_S7_"
    "ES_IS8_S8_ES_IS9_S9_ES_ISA_SA_ES_ISB_SB_ES_ISC_SC_ES_ISD_SD_ES_ISE_SE_ES_ISF_SF_ES_ISG_SG_ES_"
    "ISH_SH_ES_ISI_SI_ES_ISJ_SJ_ES_ISK_SK_ES_ISL_SL_ES_ISM_SM_ES_ISN_SN_ES_ISO_SO_ES_ISP_SP_ES_ISQ_"
    "SQ_ES_ISR_SR_ES_ISS_SS_ES_IST_ST_ES_ISU_SU_E");

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  bomb();
  return x * 2;
}

}  // namespace kata
