package play

import "leadrelay/internal/lead"

// crfLead is the document's "Lead Schema" (seeds/001) in the order of its sample. A pointer is what it calls option.
type crfLead struct {
	ID                string       `json:"id"`
	SubmissionID      string       `json:"submissionId"`
	DuplicateID       string       `json:"duplicateId"`
	DateCreated       string       `json:"dateCreated"`
	Status            string       `json:"status"`
	State             string       `json:"state"`
	RequestedAmount   lead.Decimal `json:"requestedAmount"`
	UseOfProceeds     *string      `json:"useOfProceeds"`
	FinanceNeededBy   *string      `json:"financeNeededBy"`
	HasBusinessPlan   *bool        `json:"hasBusinessPlan"`
	CollateralTypes   []*string    `json:"collateralTypes"`
	Ownership         []*string    `json:"ownershipDemographicTypes"`
	NameOfBusiness    *string      `json:"nameOfBusiness"`
	BusinessAddress   *crfAddress  `json:"businessAddress"`
	YearsInBusiness   *string      `json:"yearsInBusiness"`
	NumEmployees      *int         `json:"numEmployees"`
	Industry          *string      `json:"industry"`
	BusinessType      *string      `json:"businessType"`
	RevenueLastYear   *string      `json:"revenueLastYear"`
	RevenueProjected  *string      `json:"revenueProjected"`
	NetProfit         lead.Decimal `json:"netProfit"`
	FirstName         *string      `json:"firstName"`
	LastName          *string      `json:"lastName"`
	Email             *string      `json:"email"`
	Phone             *string      `json:"phone"`
	FicoScore         *string      `json:"ficoScore"`
	PriorBankruptcies *string      `json:"priorBankruptcies"`
	Statistics        *crfStats    `json:"statistics"`
	HowDidYouHear     *string      `json:"howDidYouHear"` // in the sample and the lookups, not in the schema
	ContactTime       *string      `json:"preferredContactTime"`
	ContactMethod     *string      `json:"preferredContactMethod"`
	Funded            *crfFunded   `json:"funded"`
	Assistance        *bool        `json:"willReceiveTechnicalAssistance"`
	AssistanceOptions []*string    `json:"technicalAssistanceOptions"`
	Disqualified      *string      `json:"disqualifiedReason"`
	Withdrawn         *string      `json:"withdrawnReason"`
	OtherReasonText   *string      `json:"otherReasonText"`
	LeadSource        crfParty     `json:"leadSource"`
	ServicePartner    crfParty     `json:"servicePartner"`
	LeadOwner         *string      `json:"leadOwner"`
	MatchedProduct    *crfProduct  `json:"matchedProduct"`
	ProductSet        *crfSet      `json:"productSet"`
	FraudScore        lead.Decimal `json:"fraudScore"`
	IPAddress         *string      `json:"ipAddress"`
}

type crfAddress struct {
	Line1  *string `json:"line1"`
	Line2  *string `json:"line2"`
	City   *string `json:"city"`
	State  *string `json:"state"`
	Zip    *string `json:"zip"`
	County *string `json:"county"`
}

type crfStats struct {
	CensusTract *string      `json:"censusTract"`
	Latitude    lead.Decimal `json:"latitude"`
	Longitude   lead.Decimal `json:"longitude"`
	CRA         bool         `json:"craEligibleTract"`
	CDFI        *bool        `json:"isCDFIInvestmentArea"`
}

type crfFunded struct {
	Amount       lead.Decimal `json:"fundedAmount"`
	InterestRate lead.Decimal `json:"fundedInterestRate"`
	APR          lead.Decimal `json:"fundedAPR"`
	TermMonths   lead.Decimal `json:"fundedTermMonths"`
	Amortization lead.Decimal `json:"fundedAmortizationMonths"`
	Date         *string      `json:"fundedDate"`
}

type crfParty struct {
	ID    *string `json:"id"`
	Name  *string `json:"name"`
	Route *string `json:"route"`
}

type crfProduct struct {
	ID         *string   `json:"id"`
	Name       *string   `json:"name"`
	Tags       []*string `json:"tags"`
	Kind       *string   `json:"kind"`
	TermRange  *crfTerm  `json:"termRange"`
	APRRange   *crfAPR   `json:"aprRange"`
	LoanType   *string   `json:"loanType"`
	Collateral *string   `json:"collateralType"`
	Frequency  *string   `json:"paymentFrequency"`
}

type crfTerm struct {
	Min  int    `json:"min"`
	Max  *int   `json:"max"`
	Type string `json:"type"`
}

type crfAPR struct {
	Min  lead.Decimal `json:"min"`
	Max  lead.Decimal `json:"max"`
	Type string       `json:"type"`
}

type crfSet struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}
