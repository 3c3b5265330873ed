package schema

import "time"

// Check holds the whole lead against its document: identifiers, times, lists and ranges. It names the first field that is
// wrong, or is empty.
func (l *Lead) Check() string {
	for _, part := range []func(*Lead) string{checkHead, checkBusiness, checkContact, checkFunding, checkParties} {
		if wrong := part(l); wrong != "" {
			return wrong
		}
	}
	return ""
}

func checkHead(l *Lead) string {
	switch {
	case !guid(l.ID):
		return "id"
	case !guid(l.SubmissionID):
		return "submissionId"
	case l.DuplicateID == "":
		return "duplicateId"
	case !moment(l.DateCreated):
		return "dateCreated"
	case !leadStatus(l.Status):
		return "status"
	case !state(l.State):
		return "state"
	case l.RequestedAmount < 0:
		return "requestedAmount"
	case !optional(l.UseOfProceeds, useOfProceeds):
		return "useOfProceeds"
	case !optional(l.FinanceNeededBy, financeNeededBy):
		return "financeNeededBy"
	case !all(l.CollateralTypes, collateralType):
		return "collateralTypes"
	case !all(l.OwnershipTypes, ownershipDemographic):
		return "ownershipDemographicTypes"
	}
	return ""
}

func checkBusiness(l *Lead) string {
	switch {
	case !optional(l.YearsInBusiness, yearsInBusiness):
		return "yearsInBusiness"
	case !optional(l.Industry, industry):
		return "industry"
	case !optional(l.BusinessType, businessType):
		return "businessType"
	case !optional(l.RevenueLastYear, revenue):
		return "revenueLastYear"
	case !optional(l.RevenueProjected, revenue):
		return "revenueProjected"
	case !optional(l.FicoScore, ficoScore):
		return "ficoScore"
	case !optional(l.PriorBankruptcies, priorBankruptcies):
		return "priorBankruptcies"
	case l.Statistics != nil && !(within(l.Statistics.Latitude, -90, 90) && within(l.Statistics.Longitude, -180, 180)):
		return "statistics"
	}
	return ""
}

func checkContact(l *Lead) string {
	switch {
	case !optional(l.HowDidYouHear, howDidYouHear):
		return "howDidYouHear"
	case !optional(l.PreferredContactTime, contactTime):
		return "preferredContactTime"
	case !optional(l.PreferredContactMethod, contactMethod):
		return "preferredContactMethod"
	case !all(l.AssistanceOptions, technicalAssistance):
		return "technicalAssistanceOptions"
	case !optional(l.DisqualifiedReason, disqualifiedReason):
		return "disqualifiedReason"
	case !optional(l.WithdrawnReason, withdrawnReason):
		return "withdrawnReason"
	}
	return ""
}

func checkFunding(l *Lead) string {
	switch {
	case l.Funded != nil && !optional(l.Funded.Date, moment):
		return "funded.fundedDate"
	case !within(l.FraudScore, 0, 1):
		return "fraudScore"
	}
	return ""
}

func checkParties(l *Lead) string {
	switch {
	case l.LeadSource != nil && !optional(l.LeadSource.ID, guid):
		return "leadSource.id"
	case l.ServicePartner != nil && !optional(l.ServicePartner.ID, guid):
		return "servicePartner.id"
	case l.MatchedProduct != nil && !optional(l.MatchedProduct.ID, guid):
		return "matchedProduct.id"
	case l.ProductSet != nil && !optional(l.ProductSet.ID, guid):
		return "productSet.id"
	}
	return ""
}

func optional(s *string, ok func(string) bool) bool { return s == nil || ok(*s) }

func all(list []string, ok func(string) bool) bool {
	for _, s := range list {
		if !ok(s) {
			return false
		}
	}
	return true
}

func within(f *float64, least, most float64) bool { return f == nil || *f >= least && *f <= most }

func moment(s string) bool {
	_, err := time.Parse(time.RFC3339Nano, s)
	return err == nil
}

// guid is 8-4-4-4-12 hexadecimal digits.
func guid(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F') {
				return false
			}
		}
	}
	return true
}
