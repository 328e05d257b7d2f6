//! The built-in matchers of mapped enums: tables that connector files refer to by name.

/// The countries of ISO 3166-1: the code of two letters and the one of three letters.
const COUNTRIES: &str = "\
ADAND AEARE AFAFG AGATG AIAIA ALALB AMARM AOAGO AQATA ARARG ASASM ATAUT AUAUS AWABW AXALA AZAZE BABIH BBBRB BDBGD BEBEL \
BFBFA BGBGR BHBHR BIBDI BJBEN BLBLM BMBMU BNBRN BOBOL BQBES BRBRA BSBHS BTBTN BVBVT BWBWA BYBLR BZBLZ CACAN CCCCK CDCOD \
CFCAF CGCOG CHCHE CICIV CKCOK CLCHL CMCMR CNCHN COCOL CRCRI CUCUB CVCPV CWCUW CXCXR CYCYP CZCZE DEDEU DJDJI DKDNK DMDMA \
DODOM DZDZA ECECU EEEST EGEGY EHESH ERERI ESESP ETETH FIFIN FJFJI FKFLK FMFSM FOFRO FRFRA GAGAB GBGBR GDGRD GEGEO GFGUF \
GGGGY GHGHA GIGIB GLGRL GMGMB GNGIN GPGLP GQGNQ GRGRC GSSGS GTGTM GUGUM GWGNB GYGUY HKHKG HMHMD HNHND HRHRV HTHTI HUHUN \
IDIDN IEIRL ILISR IMIMN ININD IOIOT IQIRQ IRIRN ISISL ITITA JEJEY JMJAM JOJOR JPJPN KEKEN KGKGZ KHKHM KIKIR KMCOM KNKNA \
KPPRK KRKOR KWKWT KYCYM KZKAZ LALAO LBLBN LCLCA LILIE LKLKA LRLBR LSLSO LTLTU LULUX LVLVA LYLBY MAMAR MCMCO MDMDA MEMNE \
MFMAF MGMDG MHMHL MKMKD MLMLI MMMMR MNMNG MOMAC MPMNP MQMTQ MRMRT MSMSR MTMLT MUMUS MVMDV MWMWI MXMEX MYMYS MZMOZ NANAM \
NCNCL NENER NFNFK NGNGA NINIC NLNLD NONOR NPNPL NRNRU NUNIU NZNZL OMOMN PAPAN PEPER PFPYF PGPNG PHPHL PKPAK PLPOL PMSPM \
PNPCN PRPRI PSPSE PTPRT PWPLW PYPRY QAQAT REREU ROROU RSSRB RURUS RWRWA SASAU SBSLB SCSYC SDSDN SESWE SGSGP SHSHN SISVN \
SJSJM SKSVK SLSLE SMSMR SNSEN SOSOM SRSUR SSSSD STSTP SVSLV SXSXM SYSYR SZSWZ TCTCA TDTCD TFATF TGTGO THTHA TJTJK TKTKL \
TLTLS TMTKM TNTUN TOTON TRTUR TTTTO TVTUV TWTWN TZTZA UAUKR UGUGA UMUMI USUSA UYURY UZUZB VAVAT VCVCT VEVEN VGVGB VIVIR \
VNVNM VUVUT WFWLF WSWSM YEYEM YTMYT ZAZAF ZMZMB ZWZWE";

/// The longest name of a file format, in characters.
const MAX_FORMAT_CHARS: usize = 10;

/// Returns the value of a built-in matcher for a provider's value; `None` if it has none.
pub(super) fn built_in(matcher: &str, value: &str) -> Option<String> {
    let value = value.trim();
    match matcher {
        "country_alpha2code_by_alpha2code" => country(value, 2).map(|(two, _)| two.to_owned()),
        "country_alpha3code_by_alpha2code" => country(value, 2).map(|(_, three)| three.to_owned()),
        "country_alpha2code_by_alpha3code" => country(value, 3).map(|(two, _)| two.to_owned()),
        "country_alpha3code_by_alpha3code" => country(value, 3).map(|(_, three)| three.to_owned()),
        "document_file_format_from_extension" => {
            let format = value.strip_prefix('.').unwrap_or(value).to_ascii_lowercase();
            let is_format = (1..=MAX_FORMAT_CHARS).contains(&format.len())
                && format.bytes().all(|byte| byte.is_ascii_alphanumeric());
            is_format.then_some(format)
        }
        _ => None,
    }
}

/// Returns the codes of the country with this code of `length` letters, in any case.
fn country(code: &str, length: usize) -> Option<(&'static str, &'static str)> {
    let mut codes = COUNTRIES.split(' ').filter_map(|codes| codes.split_at_checked(2));
    let known = |(two, three): &(&str, &str)| {
        if length == 2 { two.eq_ignore_ascii_case(code) } else { three.eq_ignore_ascii_case(code) }
    };
    codes.find(known)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn countries_have_two_unique_codes() {
        let codes = COUNTRIES.split(' ').map(|codes| codes.split_at(2)).collect::<Vec<_>>();
        assert_eq!(codes.len(), 249);
        assert!(codes.iter().all(|(two, three)| two.len() == 2 && three.len() == 3));
        assert_eq!(codes.iter().map(|(two, _)| two).collect::<BTreeSet<_>>().len(), 249);
        assert_eq!(codes.iter().map(|(_, three)| three).collect::<BTreeSet<_>>().len(), 249);
    }

    #[test]
    fn values_are_matched_in_any_spelling() {
        for (matcher, value, expected) in [
            ("country_alpha2code_by_alpha2code", " de ", Some("DE")),
            ("country_alpha2code_by_alpha2code", "XX", None),
            ("country_alpha2code_by_alpha2code", "DEU", None),
            ("country_alpha2code_by_alpha3code", "deu", Some("DE")),
            ("country_alpha3code_by_alpha2code", "CH", Some("CHE")),
            ("country_alpha3code_by_alpha3code", "gbr", Some("GBR")),
            ("document_file_format_from_extension", ".PDF", Some("pdf")),
            ("document_file_format_from_extension", "docx", Some("docx")),
            ("document_file_format_from_extension", "application/pdf", None),
            ("document_file_format_from_extension", "", None),
        ] {
            assert_eq!(built_in(matcher, value).as_deref(), expected, "{matcher} {value}");
        }
    }
}
